/** How long its author may change or delete a message (ms). */
export const CHANGEABLE = 15 * 60_000;

/** Whether a message of `createdAt` may still be changed by its author (both in ms). */
export function isChangeable(createdAt: number, now: number): boolean {
  return now - createdAt < CHANGEABLE;
}
