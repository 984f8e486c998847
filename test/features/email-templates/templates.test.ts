import { describe, expect, test } from 'vitest';
import { shortName } from '../../../src/features/email-templates/layout.tsx';
import * as templates from '../../../src/features/email-templates/templates.ts';

const APP = 'https://app.caddy.test';

/** Every message, about people of these names and with texts of this kind. */
function all(text: string, firstName: string, lastName: string) {
  const person = { firstName, lastName };
  const about = { appUrl: APP, participant: person, participantId: 'par_x' };
  const figures = { spentCents: 7_501, releasedCents: 10_000, threshold: 75, severity: 'warning' };
  return [
    templates.budgetAlert({ ...about, ...figures, budget: text, kind: 'budget_threshold', runOutDate: null }),
    templates.budgetAlert({ ...about, ...figures, budget: text, kind: 'run_out', runOutDate: '2027-01-01' }),
    templates.dailyDigest({
      appUrl: APP,
      organization: text,
      date: '2026-11-23',
      total: 1_000,
      alerts: Array.from({ length: 20 }, () => ({
        participant: person,
        budget: text,
        severity: 'critical',
        what: text,
      })),
    }),
    templates.planExpiry({ ...about, endDate: '2026-12-31', daysLeft: 7 }),
    templates.importFinished({
      appUrl: APP,
      importId: 'imp_x',
      fileName: text,
      status: 'completed',
      created: 1,
      updated: 2,
      unchanged: 3,
      failed: 4,
    }),
    templates.mention({ appUrl: APP, author: person, threadId: 'thr_x', threadTitle: text }),
    templates.invitation({ appUrl: APP, organization: text, invitee: person }),
  ];
}

const EVIL = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)>`;

describe('every message', () => {
  test.each([
    ['nothing', '', '', ''],
    ['the longest', 'x'.repeat(10_000), 'Ж'.repeat(200), '龍'.repeat(200)],
    ['markup', EVIL, EVIL, EVIL],
    ['lines and marks of direction', 'a\r\nBcc: x@example.com\u202eb', 'Mia\r\nBcc: y', 'Nguyen\u202e'],
    ['scripts of any kind', 'नमस्ते 👩🏽‍🦽', 'محمد', 'Ñandú'],
  ])('is whole with %s in it, and nothing in it is HTML', (_, text, first, last) => {
    for (const { subject, text: body, html } of all(text, first, last)) {
      expect(subject).not.toMatch(/[\r\n\u202e]/);
      expect([...subject].length).toBeLessThan(160);
      expect(html.startsWith('<!doctype html><html')).toBe(true);
      expect(html).not.toMatch(/<script|<img|onerror=alert\(1\)>(?!&)/i);
      expect(html.match(/<a href="([^"]*)"/)?.[1]).toContain(APP);
      expect(body.length).toBeGreaterThan(10);
      expect(html).not.toMatch(/undefined|\[object|NaN/);
    }
  });

  test('names people in its subject by first name and initial alone', () => {
    for (const { subject } of all('x', 'Mia', 'Nguyen')) expect(subject).not.toContain('Nguyen');
    expect(shortName({ firstName: 'Mia', lastName: 'Nguyen' })).toBe('Mia N.');
    expect(shortName({ firstName: 'Mia', lastName: '' })).toBe('Mia');
  });

  test('fits a phone: nothing in it has a width of its own', () => {
    for (const { html } of all('x'.repeat(300), 'Mia', 'Nguyen')) {
      expect(html).toContain('width=device-width');
      expect(html).toContain('overflow-wrap:anywhere');
      expect(html).not.toMatch(/(?<!max-)width:\s*\d+px/);
    }
  });
});
