import * as z from 'zod';
import { EXAMPLE_IDS, id, instant, nextCursor, page } from '../../http/fields.ts';
import { INPUTS } from './rules.ts';

const Input = z
  .object({
    input: z.enum(INPUTS),
    weight: z.int().meta({ description: 'Of 100, with every input that there is.' }),
    status: z.enum(['green', 'amber', 'red']).meta({ description: 'The worst of its records.' }),
    passed: z.int().meta({ description: 'How many records are in order.' }),
    total: z.int(),
    failing: z
      .array(
        z.object({
          entityType: z.enum(['user', 'service', 'document', 'incident', 'plan', 'participant']),
          entityId: z.string(),
          status: z.enum(['amber', 'red']),
          reason: z.string(),
        }),
      )
      .meta({ description: 'Which are not, the worst first; twenty at most.' }),
  })
  .meta({ id: 'ComplianceInput' });

const core = {
  participantId: id('par'),
  score: z.int().min(0).max(100).nullable().meta({ description: 'Null when no input applies.' }),
  hardFail: z.boolean().meta({ description: 'A reportable incident is overdue: the score is 0.' }),
  inputs: z.array(Input).meta({ description: 'Those that apply.' }),
  checkedAt: instant(),
};

const EXAMPLE = {
  participantId: EXAMPLE_IDS.par,
  score: 78,
  hardFail: false,
  inputs: [
    {
      input: 'shift_notes',
      weight: 20,
      status: 'red',
      passed: 7,
      total: 8,
      failing: [{ entityType: 'service', entityId: EXAMPLE_IDS.svc, status: 'red', reason: 'There is no shift note.' }],
    },
  ],
  checkedAt: '2026-11-23T03:15:00.000Z',
};

export const Compliance = z.object(core).meta({ id: 'Compliance', examples: [EXAMPLE] });
export type ComplianceView = z.infer<typeof Compliance>;

const Listed = z.object({ ...core, firstName: z.string(), lastName: z.string() }).meta({ id: 'ListedCompliance' });
export type ListedComplianceView = z.infer<typeof Listed>;

export const ComplianceList = z
  .object({
    data: z.array(Listed),
    nextCursor: nextCursor(),
    summary: z.object({
      score: z.int().nullable().meta({ description: 'The mean of all participants, rounded; null without any.' }),
      participants: z.int().meta({ description: 'How many have a score.' }),
      hardFails: z.int().meta({ description: 'How many have an overdue incident.' }),
    }),
  })
  .meta({
    id: 'ComplianceList',
    examples: [
      {
        data: [{ ...EXAMPLE, firstName: 'Mia', lastName: 'Nguyen' }],
        nextCursor: null,
        summary: { score: 84, participants: 52, hardFails: 0 },
      },
    ],
  });
export const ListCompliance = z.object(page);
