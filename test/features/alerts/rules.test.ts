import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crosses, currentBoundary, DEFAULT_ALERTS, isAbove, levelsOf } from '../../../src/features/alerts/rules.ts';

const boundary = (releasedCents: number, spentCents: number, endsOn = '2026-12-31') => ({
  endsOn,
  releasedCents,
  spentCents,
});

describe('a level', () => {
  test.each([
    [10_000, 7_500, false],
    [10_000, 7_501, true],
    [3, 2, false],
    [3, 3, true],
    [0, 0, false],
  ])('of 75 %% of %i cents is passed by %i: %s', (released, spent, above) => {
    expect(isAbove(boundary(released, spent), 75)).toBe(above);
  });

  test('is crossed exactly when being above it changes', () => {
    const levels = levelsOf(DEFAULT_ALERTS);
    const money = fc.nat(1_000);
    fc.assert(
      fc.property(money, money, fc.integer({ min: -1_000, max: 1_000 }), (released, spent, cents) => {
        const before = boundary(released, spent);
        const after = boundary(released, spent + cents);
        const changed = levels.some(({ threshold }) => isAbove(before, threshold) !== isAbove(after, threshold));
        expect(crosses(before, { cents, levels })).toBe(changed);
      }),
    );
  });
});

test('the current period is the first that has not ended', () => {
  const periods = [boundary(1, 0, '2026-03-31'), boundary(2, 0, '2026-06-30')];
  expect(currentBoundary(periods, '2026-03-31')).toBe(periods[0]);
  expect(currentBoundary(periods, '2026-04-01')).toBe(periods[1]);
  expect(currentBoundary(periods, '2026-07-01')).toBeUndefined();
});
