import { describe, expect, test } from 'vitest';
import type { UserRow } from '../../../src/features/users/table.ts';
import { followed, type SignIn, signInOf } from '../../../src/features/webhooks/rules.ts';
import type { ClerkEvent } from '../../../src/features/webhooks/schemas.ts';

const verified = { status: 'verified' };

function event(data: ClerkEvent['data']): ClerkEvent {
  return { type: 'user.updated', data: { id: 'user_1', updated_at: 1_000, ...data } };
}

function user(fields: Partial<UserRow> = {}): UserRow {
  const email = fields.email ?? 'ada.lane@example.com';
  return {
    id: 'usr_1',
    organization_id: 'org_1',
    external_id: null,
    email,
    email_key: email.toLowerCase(),
    first_name: 'Ada',
    last_name: 'Lane',
    phone: null,
    role: 'viewer',
    permissions: '[]',
    preferences: '{}',
    status: 'active',
    last_active_at: null,
    revision: 1,
    change_id: null,
    created_at: 0,
    updated_at: 0,
    email_bounced_at: null,
    screening: null,
    sign_in_updated_at: null,
    ...fields,
  };
}

function signIn(fields: Partial<SignIn> = {}): SignIn {
  return { verified: [], email: null, firstName: null, lastName: null, updatedAt: 1_000, isUpdate: false, ...fields };
}

const nobody = { subject: 'user_1', bound: undefined, invited: [], keepsEmail: false };

describe('a sign-in', () => {
  test('has the addresses that are verified, in lower case, the primary one first', () => {
    const addresses = [
      { id: 'a', email_address: 'First@Example.com', verification: verified },
      { id: 'b', email_address: 'unproved@example.com', verification: { status: 'unverified' } },
      { id: 'c', email_address: 'nothing@example.com', verification: null },
      { id: 'd', email_address: 'silent@example.com' },
      { id: 'e', email_address: 'Primary@Example.com', verification: verified },
      { id: 'f', email_address: `${'x'.repeat(200)}@example.com`, verification: verified },
    ];
    const found = signInOf(event({ email_addresses: addresses, primary_email_address_id: 'e' }));
    expect(found.verified).toEqual(['primary@example.com', 'first@example.com']);
    expect(found.email).toBe('Primary@Example.com');
  });

  test.each([
    ['is not verified', 'b'],
    ['is none of its own', 'z'],
    ['is not said', null],
    ['is left out', undefined],
  ])('has no address to follow when its primary one %s', (_, primary_email_address_id) => {
    const email_addresses = [
      { id: 'a', email_address: 'first@example.com', verification: verified },
      { id: 'b', email_address: 'unproved@example.com', verification: { status: 'expired' } },
      { email_address: 'nameless@example.com', verification: verified },
      { id: null, email_address: 'null@example.com', verification: verified },
    ];
    const found = signInOf(event({ email_addresses, primary_email_address_id }));
    expect(found.email).toBeNull();
    expect(found.verified).toEqual(['first@example.com', 'nameless@example.com', 'null@example.com']);
  });

  test('has a name only where there is one, of at most 200 characters', () => {
    const names = (first_name: string | null | undefined) => signInOf(event({ first_name })).firstName;
    expect([names(' Ada '), names('  '), names(''), names(null), names(undefined)]).toEqual([
      'Ada',
      null,
      null,
      null,
      null,
    ]);
    expect(names('x'.repeat(300))).toHaveLength(200);
    expect(names('\0 ')).toBeNull();
    expect(names('A\ud800')?.isWellFormed()).toBe(true);
    expect(names(`${'x'.repeat(199)}😀`)).toBe(`${'x'.repeat(199)}😀`);
  });

  test('of which nothing is said has no address, no name and no time', () => {
    const nothing = { verified: [], email: null, firstName: null, lastName: null, updatedAt: 0, isUpdate: true };
    expect(signInOf({ type: 'user.updated', data: {} })).toEqual(nothing);
    const nulls = { email_addresses: null, first_name: null, updated_at: null };
    expect(signInOf({ type: 'user.updated', data: nulls })).toEqual(nothing);
  });
});

describe('who is bound to a sign-in', () => {
  const bound = user({ external_id: 'user_1', sign_in_updated_at: 1_000 });

  test('takes its names and its address, and keeps all else', () => {
    const news = signIn({ email: 'New@Example.com', firstName: 'Adelaide', lastName: 'Ng', updatedAt: 1_001 });
    expect(followed(news, { ...nobody, bound })).toEqual({
      before: bound,
      row: {
        ...bound,
        email: 'New@Example.com',
        email_key: 'new@example.com',
        first_name: 'Adelaide',
        last_name: 'Ng',
        sign_in_updated_at: 1_001,
      },
    });
  });

  test('keeps what the sign-in does not say, and an address that another has', () => {
    const silent = followed(signIn({ updatedAt: 2_000 }), { ...nobody, bound });
    expect(silent?.row).toEqual({ ...bound, sign_in_updated_at: 2_000 });
    const taken = signIn({ email: 'taken@example.com', firstName: 'Adelaide', updatedAt: 2_000 });
    expect(followed(taken, { ...nobody, bound, keepsEmail: true })?.row).toMatchObject({
      email: bound.email,
      email_key: bound.email_key,
      first_name: 'Adelaide',
    });
  });

  test('does not follow what is as old as what is known, or older', () => {
    const at = (updatedAt: number) => followed(signIn({ firstName: 'Late', updatedAt }), { ...nobody, bound });
    expect([at(1_000), at(999), at(0)]).toEqual([null, null, null]);
    const fresh = { ...bound, sign_in_updated_at: null };
    expect(followed(signIn({ updatedAt: 0 }), { ...nobody, bound: fresh })).not.toBeNull();
  });

  test('is not passed over for somebody who is invited', () => {
    const invited = [user({ id: 'usr_2', email: 'other@example.com' })];
    const news = signIn({ verified: ['other@example.com'], updatedAt: 2_000 });
    expect(followed(news, { ...nobody, bound, invited })?.row.id).toBe('usr_1');
  });
});

describe('who is invited', () => {
  const [first, second] = [
    user({ id: 'usr_1', email: 'One@example.com' }),
    user({ id: 'usr_2', email: 'two@example.com' }),
  ];

  test('is bound by the first of its verified addresses that they were invited by', () => {
    const news = signIn({ verified: ['none@example.com', 'two@example.com', 'one@example.com'] });
    const next = followed(news, { ...nobody, invited: [first, second] });
    expect(next).toEqual({ before: second, row: { ...second, external_id: 'user_1', sign_in_updated_at: 1_000 } });
  });

  test('is bound by nothing else', () => {
    const invited = [first, second];
    expect(followed(signIn({ email: 'two@example.com' }), { ...nobody, invited })).toBeNull();
    expect(followed(signIn({ verified: ['three@example.com'] }), { ...nobody, invited })).toBeNull();
    expect(followed(signIn({ verified: ['two@example.com'] }), nobody)).toBeNull();
  });
});
