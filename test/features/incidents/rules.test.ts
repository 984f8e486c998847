import { describe, expect, test } from 'vitest';
import { STATES } from '../../../src/business-days/rules.ts';
import {
  clockStatus,
  clocksOf,
  type Happening,
  isReportableKind,
  stateOfZone,
} from '../../../src/features/incidents/rules.ts';
import { INCIDENT_CATEGORIES } from '../../../src/features/incidents/table.ts';

/** Clocks as one reads them. */
function clocks({ at, ...happening }: Omit<Happening, 'becameAwareAt'> & { at: string }) {
  const { notifyBy, reportBy } = clocksOf({ ...happening, becameAwareAt: Date.parse(at) });
  return { notifyBy: new Date(notifyBy).toISOString(), reportBy: new Date(reportBy).toISOString() };
}

const injury = { category: 'serious_injury', causedHarm: true } as const;
const practice = { category: 'restrictive_practice', causedHarm: false } as const;

describe('the Commission is notified', () => {
  /** A Friday, at 13:00 in Sydney. */
  const at = '2026-11-20T02:00:00.000Z';
  const within24Hours = '2026-11-21T02:00:00.000Z';
  const withinFiveDays = '2026-11-27T13:00:00.000Z';

  test.each(
    INCIDENT_CATEGORIES.filter((category) => category !== 'restrictive_practice').flatMap((category) =>
      [true, false].map((causedHarm) => ({ category, causedHarm })),
    ),
  )('within 24 hours of $category, harm or not ($causedHarm)', (happened) => {
    const { notifyBy, reportBy } = clocks({ ...happened, state: 'NSW', at });
    expect({ notifyBy, reportBy }).toEqual({ notifyBy: within24Hours, reportBy: withinFiveDays });
  });

  test('within five business days of an unauthorised restrictive practice, but within 24 hours when it did harm', () => {
    expect(clocks({ ...practice, state: 'NSW', at })).toEqual({ notifyBy: withinFiveDays, reportBy: withinFiveDays });
    const harmful = clocks({ ...practice, causedHarm: true, state: 'NSW', at });
    expect(harmful).toEqual({ notifyBy: within24Hours, reportBy: withinFiveDays });
  });

  test('of every kind but the last', () => {
    expect(INCIDENT_CATEGORIES.filter((category) => !isReportableKind(category))).toEqual(['other']);
  });

  test('within 24 hours that really pass, when the clocks go back or forward in them', () => {
    const back = clocks({ ...injury, state: 'NSW', at: '2026-04-04T10:00:00.000Z' });
    expect(back.notifyBy).toBe('2026-04-05T10:00:00.000Z');
    const forward = clocks({ ...injury, state: 'SA', at: '2026-10-03T10:30:00.000Z' });
    expect(forward.notifyBy).toBe('2026-10-04T10:30:00.000Z');
  });
});

describe('the five-day form is due at the end of the fifth business day', () => {
  test.each([
    ['NSW', '2026-11-27T13:00:00.000Z'],
    ['VIC', '2026-11-27T13:00:00.000Z'],
    ['QLD', '2026-11-27T14:00:00.000Z'],
    ['SA', '2026-11-27T13:30:00.000Z'],
    ['WA', '2026-11-27T16:00:00.000Z'],
    ['TAS', '2026-11-27T13:00:00.000Z'],
    ['ACT', '2026-11-27T13:00:00.000Z'],
    ['NT', '2026-11-27T14:30:00.000Z'],
  ] as const)('by the clock of %s', (state, reportBy) => {
    expect(clocks({ ...injury, state, at: '2026-11-20T02:00:00.000Z' }).reportBy).toBe(reportBy);
  });

  test.each([
    ['over Easter, when the clocks go back', 'NSW', '2026-04-01T00:00:00.000Z', '2026-04-10T14:00:00.000Z'],
    ['over Easter, in a state whose clocks stand still', 'WA', '2026-04-01T00:00:00.000Z', '2026-04-10T16:00:00.000Z'],
    ['when the clocks go forward on a long weekend', 'NSW', '2026-10-02T00:00:00.000Z', '2026-10-12T13:00:00.000Z'],
    ['when the clocks go forward in South Australia', 'SA', '2026-10-02T00:00:00.000Z', '2026-10-12T13:30:00.000Z'],
    ['when the clocks go forward without a holiday', 'VIC', '2026-10-02T00:00:00.000Z', '2026-10-09T13:00:00.000Z'],
    ['on the same days in Queensland', 'QLD', '2026-10-02T00:00:00.000Z', '2026-10-12T14:00:00.000Z'],
    ['on the day itself that the clocks go back', 'TAS', '2026-04-04T16:30:00.000Z', '2026-04-13T14:00:00.000Z'],
    ['over the end of a year', 'ACT', '2026-12-24T00:00:00.000Z', '2027-01-05T13:00:00.000Z'],
    ['over the Melbourne Cup', 'VIC', '2026-10-30T02:00:00.000Z', '2026-11-09T13:00:00.000Z'],
  ] as const)('%s', (_, state, at, reportBy) => {
    expect(clocks({ ...practice, state, at })).toEqual({ notifyBy: reportBy, reportBy });
  });

  test('after the day on which someone became aware where they were, not in another zone', () => {
    // Monday 0:30 in Sydney, Sunday 23:30 in Brisbane.
    const at = '2026-11-22T13:30:00.000Z';
    expect(clocks({ ...injury, state: 'NSW', at }).reportBy).toBe('2026-11-30T13:00:00.000Z');
    expect(clocks({ ...injury, state: 'QLD', at }).reportBy).toBe('2026-11-27T14:00:00.000Z');
  });
});

describe('a clock', () => {
  const by = Date.parse('2026-11-21T02:00:00Z');

  test.each([
    ['due until its end', null, by - 1, 'due'],
    ['overdue at its end', null, by, 'overdue'],
    ['overdue ever after', null, by + 1e12, 'overdue'],
    ['met in time before its end', by - 1, by - 1, 'on_time'],
    ['met in time at its very end', by, by + 1e9, 'on_time'],
    ['met late a millisecond after', by + 1, by + 1e9, 'late'],
    ['met in time however long ago', by - 1e9, by + 1e12, 'on_time'],
  ] as const)('is %s', (_, at, now, status) => {
    expect(clockStatus({ by, at }, now)).toBe(status);
  });

  test('that does not run is not needed, whatever was done', () => {
    expect(clockStatus({ by: null, at: null }, by)).toBe('not_needed');
    expect(clockStatus({ by: null, at: by }, by)).toBe('not_needed');
  });
});

describe('the state of a zone', () => {
  test.each([
    ['Australia/Sydney', 'NSW'],
    ['Australia/Melbourne', 'VIC'],
    ['Australia/Brisbane', 'QLD'],
    ['Australia/Adelaide', 'SA'],
    ['Australia/Perth', 'WA'],
    ['Australia/Hobart', 'TAS'],
    ['Australia/Darwin', 'NT'],
    ['Australia/Lord_Howe', 'NSW'],
    ['Australia/Broken_Hill', 'NSW'],
    ['Europe/London', 'NSW'],
  ])('%s is %s', (zone, state) => {
    expect(stateOfZone(zone)).toBe(state);
    expect(STATES).toContain(stateOfZone(zone));
  });
});
