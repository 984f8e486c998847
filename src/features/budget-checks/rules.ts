/** How many days before its end a plan is spoken of, the widest first. */
export const MILESTONES = [90, 60, 30, 14, 7] as const;
