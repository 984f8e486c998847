import { describe, expect, test } from 'vitest';
import { dueJobs } from '../../../src/features/jobs/rules.ts';
import { addDays, dateAt } from '../../../src/time/rules.ts';

const HALF_HOUR = 30 * 60_000;
const ZONES = [
  'Australia/Sydney',
  'Australia/Adelaide',
  'Australia/Perth',
  'Australia/Darwin',
  'Australia/Brisbane',
  'Australia/Lord_Howe',
];

/** What a clock shows at an instant. */
function clock(timeZone: string, at: number): string {
  return new Intl.DateTimeFormat('en-AU', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
    at,
  );
}

describe('a year of half-hours', () => {
  test.each(ZONES)('in %s brings the daily job due 365 times, each at 8:00 and on its own day', (timeZone) => {
    // From after one 8:00 of each to after another, a year later, with both changes of the clock.
    const from = Date.parse('2026-11-22T00:30:00Z');
    const done = new Set<string>();
    const times: string[] = [];
    const first = dueJobs(timeZone, from)[0]?.on ?? '';
    done.add(first);
    for (let at = from; at < from + 365 * 86_400_000; at += HALF_HOUR) {
      const [daily] = dueJobs(timeZone, at);
      if (!daily || done.has(daily.on)) continue;
      done.add(daily.on);
      times.push(clock(timeZone, at));
      expect(dateAt(timeZone, at)).toBe(daily.on);
      expect(daily.at).toBe(at);
    }
    expect(times).toHaveLength(365);
    expect(new Set(times)).toEqual(new Set(['08:00']));
    const days = [...done].sort();
    expect(days.every((day, index) => index === 0 || day === addDays(days[index - 1] ?? '', 1))).toBe(true);
  });

  test('brings the weekly job due on 52 Mondays', () => {
    const mondays = new Set<string>();
    for (let at = Date.parse('2026-11-23T00:00:00Z'); at < Date.parse('2027-11-21T00:00:00Z'); at += HALF_HOUR) {
      const weekly = dueJobs('Australia/Lord_Howe', at).find(({ job }) => job === 'weekly-compliance-check');
      mondays.add(weekly?.on ?? '');
    }
    expect(mondays.size).toBe(52);
    for (const day of mondays) expect(new Date(`${day}T00:00:00Z`).getUTCDay()).toBe(1);
  });
});

test('what was missed for days is due once, for the newest day', () => {
  const [daily, , weekly] = dueJobs('Australia/Sydney', Date.parse('2026-11-26T03:00:00Z'));
  expect(daily).toMatchObject({ job: 'daily-budget-check', on: '2026-11-26' });
  expect(weekly).toMatchObject({ job: 'weekly-compliance-check', on: '2026-11-23' });
});
