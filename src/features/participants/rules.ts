import { fold, wordsOf } from '../../text/rules.ts';

/** What the list sorts a participant by: family name, then given name, without case and accents. */
export function nameKey(profile: { firstName: string; lastName: string }): string {
  return fold(`${profile.lastName} ${profile.firstName}`).replace(/\s+/g, ' ').trim();
}

/** How a tag is kept among the words: no search term can begin with `#`. */
export function tagWord(tag: string): string {
  return `#${fold(tag.trim())}`;
}

export interface Findable {
  ndisNumber: string;
  profile: {
    firstName: string;
    lastName: string;
    preferredName: string | null;
    contact: { email: string | null; phone: string | null; mobile: string | null };
  };
  tags: readonly string[];
}

/** Everything that a search may find the participant by: words of the names, the number, e-mail and phones, and tags. */
export function searchWords(fields: Findable): string[] {
  const { profile } = fields;
  const { contact } = profile;
  const texts = [profile.firstName, profile.lastName, profile.preferredName, contact.email, fields.ndisNumber];
  const words = new Set(texts.flatMap((text) => wordsOf(text ?? '')));
  for (const phone of [contact.phone, contact.mobile]) {
    if (phone === null) continue;
    for (const word of wordsOf(phone)) words.add(word);
    words.add(phone.replace(/\D/g, ''));
  }
  words.delete('');
  for (const tag of fields.tags) words.add(tagWord(tag));
  return [...words];
}
