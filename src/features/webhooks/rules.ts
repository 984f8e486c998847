import { isStorable } from '../../text/rules.ts';
import type { UserRow } from '../users/table.ts';
import type { ClerkEvent } from './schemas.ts';

/** A person's sign-in, as the identity provider has it. */
export interface SignIn {
  /** The addresses that they have shown to be theirs, in lower case, the primary one first. */
  verified: string[];
  /** The primary address as it is written, if it is verified. */
  email: string | null;
  firstName: string | null;
  lastName: string | null;
  /** When the provider's own record last changed (ms): news that is older is late. */
  updatedAt: number;
  /** Whether it tells what became of the sign-in, and not only that it was made. */
  isUpdate: boolean;
}

const LONGEST = 200;

function nameOf(text: string | null | undefined): string | null {
  const storable = (text ?? '').replaceAll('\0', '').toWellFormed().trim();
  // By characters, or half of one could be left at the end.
  return storable === '' ? null : [...storable].slice(0, LONGEST).join('');
}

/** The sign-in that an event tells of. */
export function signInOf({ type, data }: ClerkEvent): SignIn {
  const addresses = (data.email_addresses ?? []).filter(
    ({ verification, email_address }) =>
      verification?.status === 'verified' && email_address.length <= LONGEST && isStorable(email_address),
  );
  const primary = addresses.find(({ id }) => id !== null && id !== undefined && id === data.primary_email_address_id);
  const ordered = primary ? [primary, ...addresses.filter((address) => address !== primary)] : addresses;
  return {
    verified: ordered.map(({ email_address }) => email_address.toLowerCase()),
    email: primary?.email_address ?? null,
    firstName: nameOf(data.first_name),
    lastName: nameOf(data.last_name),
    updatedAt: data.updated_at ?? 0,
    isUpdate: type === 'user.updated',
  };
}

/**
 * The user as they are to follow their sign-in: who is bound to it takes its names and primary address; else who is
 * invited by one of its verified addresses is bound, under the name they were invited by, unless the news is of a later
 * change: that of its making may come after. Null when nobody is, or the news is older than what is known.
 */
export function followed(
  signIn: SignIn,
  who: { subject: string; bound: UserRow | undefined; invited: readonly UserRow[]; keepsEmail: boolean },
): { row: UserRow; before: UserRow } | null {
  const { bound, subject } = who;
  if (bound) {
    if (signIn.updatedAt <= (bound.sign_in_updated_at ?? -1)) return null;
    return { row: renamed(bound, { signIn, keepsEmail: who.keepsEmail }), before: bound };
  }
  const [invited] = signIn.verified.flatMap((address) => who.invited.filter(({ email_key }) => email_key === address));
  if (!invited) return null;
  const row = { ...invited, external_id: subject, sign_in_updated_at: signIn.updatedAt };
  return { row: signIn.isUpdate ? renamed(row, { signIn, keepsEmail: who.keepsEmail }) : row, before: invited };
}

/** A user with the names and the primary address of their sign-in. */
function renamed(row: UserRow, { signIn, keepsEmail }: { signIn: SignIn; keepsEmail: boolean }): UserRow {
  const email = (!keepsEmail && signIn.email) || row.email;
  return {
    ...row,
    email,
    email_key: email.toLowerCase(),
    first_name: signIn.firstName ?? row.first_name,
    last_name: signIn.lastName ?? row.last_name,
    sign_in_updated_at: signIn.updatedAt,
  };
}
