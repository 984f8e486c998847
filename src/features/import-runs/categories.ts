import type { CellReader } from '../../csv/cells.ts';
import { categoryName } from '../budgets/rules.ts';
import { plainName } from './targets.ts';

/** What else support categories are called: the catalogue's names, their short forms, enum names (`domain.md` §3.3). */
const ALSO: Record<number, readonly string[]> = {
  1: [
    'Daily Life',
    'Assistance with Daily Life (Includes SIL)',
    'Daily Activities',
    'Core Daily Activities',
    'Assistance with Daily Living',
  ],
  3: ['Core Consumables'],
  4: [
    'Social Participation',
    'Social Community Civic',
    'Social Community and Civic Participation',
    'Community Participation',
    'Social and Community Participation',
  ],
  5: ['AT'],
  6: ['Home Modifications and SDA', 'Home Modifications and Specialist Disability Accommodation'],
  7: ['Support Coordination', 'Coordination of Supports'],
  9: ['Increased Social and Community Participation', 'CB Social Participation'],
  10: ['Employment', 'Finding and Keeping Job'],
  11: ['Improved Relationships'],
  12: ['Improved Health and Wellbeing', 'Health Wellbeing'],
  13: ['Improved Learning'],
  14: ['Improved Life Choices', 'Plan Management', 'Choice Control'],
  15: ['Improved Daily Living', 'Daily Living', 'CB Daily Activity', 'Capacity Building Daily Activity', 'Therapy'],
  16: ['Accommodation'],
  17: ['SDA'],
  19: ['AT Maintenance, Repair and Rental'],
  21: ['YPIRAC', 'YPIRAC – Cross Billing'],
};

const MAX_LENGTH = 200;

const BY_NAME: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 21 }, (_, index) => index + 1).flatMap((code) =>
    [categoryName(code), ...(ALSO[code] ?? [])].map((name) => [plainName(name), code] as const),
  ),
);

/**
 * The support category that a text names: by number (`1`, `03`), by name, or by both (`03 Consumables`); with `certain`
 * false where only a name says so. Null for anything else.
 */
export function readCategory(text: string): { code: number; certain: boolean } | null {
  const plain = text.replace(/\s+/g, ' ').trim();
  if (plain.length > MAX_LENGTH) return null;
  const numbered = /^(?:category ?)?0?(\d{1,2})(?:\.0+)?(?![\d.]) ?[-–:.)]? ?(.*)$/i.exec(plain);
  if (numbered) {
    const code = Number(numbered[1]);
    const name = plainName(numbered[2] ?? '');
    if (code < 1 || code > 21 || (name !== '' && BY_NAME.get(name) !== code)) return null;
    return { code, certain: true };
  }
  const code = BY_NAME.get(plainName(plain));
  return code === undefined ? null : { code, certain: false };
}

/** A support item's number, as the catalogues write them, of a category that there is (`domain.md` §3.1). */
export const readItemCode: CellReader<string> = (text) => {
  const code = text.toUpperCase();
  const category = Number(/^(\d{2})_\d{3,9}(?:_\d{4})+_\d_\d(?:_[A-Z]{1,2}\d?)?$/.exec(code)?.[1] ?? 0);
  if (category >= 1 && category <= 21) return { value: code };
  if (code === 'BEREAVEMENT') return { value: 'Bereavement' };
  return { wrong: 'is not a support item number such as 01_011_0107_1_1' };
};
