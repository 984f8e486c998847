import { fold, wordsOf } from '../src/text/rules.ts';
import { FEW } from './world.ts';

/** Made-up people. */
const GIVEN =
  `Amelia Oliver Charlotte Jack Mia Noah Isla William Ava Leo Grace Henry Willow Lucas Harper Thomas Chloe James Ella Liam
Maria Mark Marcus Martha Omar Tamar Priya Arjun Linh Minh Fatima Yusuf Mei Wei Sofia Mateo Elena Dimitri Anika Lars Kirra Jarrah
Aaliyah Tane Moana Siobhan Declan Bronte Xavier Zara Ingrid Rafael Beatriz Hugo Yara Kwame Abena Tariq Leila Jonas`.split(
    /\s+/,
  );
const FAMILY =
  `Nguyen Smith Jones Williams Brown Wilson Taylor Johnson White Martin Anderson Thompson Marsh Okafor Singh Patel Chen Wang
Lee Kim Tran Le Pham Kelly Ryan Murphy Walker Harris Lewis Robinson Young King Wright Scott Green Baker Adams Hill Nelson Mitchell
Campbell Roberts Carter Phillips Evans Turner Parker Collins Edwards Stewart Morris Rossi Russo Papadopoulos Novak Kowalski Haddad
Khoury Abdi Warsame Tamati Ngata Yunupingu Whitfield Lindqvist Reyes Santos Cruz Ferrari Costa`.split(/\s+/);

export interface Person {
  firstName: string;
  lastName: string;
  ndisNumber: string;
  email: string;
  mobile: string;
  nameKey: string;
  words: string[];
}

/** The n-th person of an organisation of `size`; 30 of any organisation share the rare name, 30 the rare number. */
export function person(n: number, size: number): Person {
  const step = Math.floor(size / FEW.people);
  const rare = n % step === 0 && n / step < FEW.people;
  const rareNumber = n % step === 1 && (n - 1) / step < FEW.people;
  const firstName = GIVEN[(n * 7) % GIVEN.length] ?? '';
  const lastName = rare ? FEW.familyName : (FAMILY[(n * 11 + Math.floor(n / FAMILY.length)) % FAMILY.length] ?? '');
  const ndisNumber = rareNumber
    ? `${FEW.numberPrefix}${String((n - 1) / step).padStart(3, '0')}`
    : String(430_000_001 + n);
  const email = `${firstName}.${lastName}.${n}@example.test`.toLowerCase();
  const mobile = `04${String(10_000_000 + n * 37)}`;
  // As `src/features/participants/rules.ts` makes them.
  const words = new Set([firstName, lastName, email, ndisNumber, mobile].flatMap(wordsOf));
  return {
    firstName,
    lastName,
    ndisNumber,
    email,
    mobile,
    nameKey: fold(`${lastName} ${firstName}`),
    words: [...words],
  };
}
