import { describe, expect, test } from 'vitest';
import { shortName } from '../../../src/features/email-templates/layout.tsx';
import * as templates from '../../../src/features/email-templates/templates.ts';
import { APP, everyMessage, LONGEST, type Written } from '../../support/mail.ts';

const EVIL = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>--></title></td>`;
const USUAL: Written = { text: 'x', firstName: 'Mia', lastName: 'Nguyen', rows: 3, figure: 7_501 };

/** A message's tags, without what stands between them and where its link leads. */
function tagsOf(html: string): string[] {
  return (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/href="[^"]*"/, 'href=""'));
}

const TEXTS: [what: string, written: Partial<Written>][] = [
  ['nothing', { text: '', firstName: '', lastName: '', rows: 0, figure: 0 }],
  ['nothing in lists of many', { text: '', firstName: '', lastName: '', figure: 0 }],
  ['the longest', LONGEST],
  ['markup', { text: EVIL, firstName: EVIL, lastName: EVIL }],
  ['markup that is escaped already', { text: '&lt;b&gt;&#60;i&#62;', firstName: '&amp;', lastName: '&quot;' }],
  [
    'lines and marks of direction',
    { text: 'a\r\nBcc: x@example.com\u202eb', firstName: 'Mia\r\nBcc: y', lastName: '‮N' },
  ],
  [
    'every kind of line',
    { text: 'a\u2028b\u2029c\u0085d\u000be\u000cf', firstName: 'M\u2028ia', lastName: '\u0085\u2029N' },
  ],
  ['scripts from right to left', { text: 'שלום עולם', firstName: 'محمد', lastName: 'עברי' }],
  ['isolated directions', { text: '\u2066\u2067a\u2069', firstName: '\u200fMia\u061c', lastName: '\u2068Nguyen' }],
  [
    'marks that combine',
    { text: `e${'\u0301'.repeat(300)}`, firstName: `Z${'\u0361'.repeat(200)}`, lastName: 'A\u030angström' },
  ],
  ['emoji of several characters', { text: '👩🏽‍🦽👨‍👩‍👧‍👦🇦🇺', firstName: '👩🏽‍🦽', lastName: '🇦🇺' }],
  ['scripts of any kind', { text: 'नमस्ते ᚠᛇᚻ 𝒳𠮷', firstName: 'ကျော်', lastName: 'Ñandú' }],
  ['controls', { text: 'a\u0000b\u001bc', firstName: '\u0000\u0007', lastName: '\u007f' }],
  ['half a character', { text: '\ud83d', firstName: '\ud83d', lastName: '\udc00' }],
];

describe('every message', () => {
  test.each(TEXTS)('is whole with %s in it, and nothing in it is HTML', (_, written) => {
    const rows = written.rows ?? USUAL.rows;
    // Emptiness and figures decide which rows there are, so they are those of the message that it is compared to.
    const harmless = everyMessage({ ...USUAL, rows, figure: written.figure ?? USUAL.figure });
    for (const [name, { subject, text, html }] of Object.entries(everyMessage({ ...USUAL, ...written }))) {
      expect(html.startsWith('<!doctype html><html'), name).toBe(true);
      expect(tagsOf(html), name).toEqual(tagsOf(harmless[name]?.html ?? ''));
      expect(html, name).not.toMatch(/undefined|\[object|NaN|null/);
      expect(text.length, name).toBeGreaterThan(10);
      expect(text, name).not.toMatch(/undefined|\[object|NaN|null/);
      const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link);
      expect(links, name).toHaveLength(1);
      for (const link of links) expect(link.startsWith(APP), name).toBe(true);
      expect(subject.trim(), name).not.toBe('');
    }
  });

  test.each(TEXTS)('has a subject of one line, short, without marks of direction, with %s in it', (_, written) => {
    for (const [name, { subject }] of Object.entries(everyMessage({ ...USUAL, ...written, text: 'x' }))) {
      expect(subject, name).not.toMatch(/[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      expect([...subject].length, name).toBeLessThan(160);
    }
    const about = { appUrl: APP, organization: written.text ?? '', invitee: USUAL };
    expect(templates.invitation(about).subject).not.toMatch(/[\p{Cc}\u2028\u2029\u061c\u202a-\u202e\u2066-\u2069]/u);
  });

  test('says nothing of a person in its subject but a first name and an initial', () => {
    const secret = { text: 'Secretive', firstName: 'Mia', lastName: 'Nguyen', rows: 3, figure: 7_501 };
    for (const [name, { subject }] of Object.entries(everyMessage(secret))) {
      expect(subject, name).not.toContain('Nguyen');
      expect(subject.replace('Mia N.', ''), name).not.toMatch(/Mia|N\./);
      // Dates and the organisation's name are nobody's.
      if (!/^(?:dailyDigest|complianceReport|invitation)/.test(name)) expect(subject, name).not.toContain('Secretive');
    }
    expect(everyMessage(secret)['complianceReport']?.subject).toBe(
      'Compliance on Secretive: 7501 of 100, 7501 overdue incidents',
    );
  });

  test.each([
    ['Mia', 'Nguyen', 'Mia N.'],
    ['Mia', '', 'Mia'],
    ['', 'Nguyen', 'N.'],
    ['Mia', ' Nguyen', 'Mia N.'],
    ['Mia', 'de la Cruz', 'Mia d.'],
    ['محمد', 'عبد', 'محمد ع.'],
  ])('names %s %s as %s', (firstName, lastName, short) => {
    expect(shortName({ firstName, lastName }).trim()).toBe(short);
  });

  test('says in its text what it says in its HTML', () => {
    const decode = (html: string) =>
      html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|quot|amp|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
    for (const [name, { text, html }] of Object.entries(everyMessage({ ...USUAL, text: EVIL, lastName: EVIL }))) {
      const words = decode(html.slice(html.indexOf('<body'))).replace(/\s+/g, '');
      const lines = text.split('\n').filter((line) => line !== '' && !line.includes(APP));
      for (const line of lines) {
        const said = line.replace(/\s+/g, '');
        // A row's name and value have no colon between them there.
        expect(words.includes(said) || said.split(':').every((part) => words.includes(part)), `${name}: ${line}`).toBe(
          true,
        );
      }
    }
  });

  test('fits a phone: nothing in it has a width of its own', () => {
    for (const { html } of Object.values(everyMessage(LONGEST))) {
      expect(html).toContain('width=device-width');
      expect(html).toContain('overflow-wrap:anywhere');
      expect(html).not.toMatch(/(?<!max-)width:\s*\d+px/);
    }
  });
});

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" };

test('every template is among them', () => {
  const names = Object.entries(templates).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  const tried = Object.keys(everyMessage(USUAL)).map((name) => name.split(',')[0]);
  expect([...new Set(tried)].sort()).toEqual(names.sort());
});
