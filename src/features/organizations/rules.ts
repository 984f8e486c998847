const WEIGHTS = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];

/**
 * Whether eleven digits are an ABN by its checksum: one less on the first digit, then the weighted sum divides by 89
 * (`domain.md` §2.3, from the Australian Business Register). It proves the form, not that the ABN is active.
 */
export function isAbn(digits: string): boolean {
  if (!/^[1-9]\d{10}$/.test(digits)) return false;
  const weighted = WEIGHTS.map((weight, index) => weight * (Number(digits[index]) - (index === 0 ? 1 : 0)));
  return weighted.reduce((sum, part) => sum + part, 0) % 89 === 0;
}

/** Whether digits are a provider registration number: 405 and six or seven more (`domain.md` §2.2). */
export function isRegistrationNumber(digits: string): boolean {
  return /^405\d{6,7}$/.test(digits);
}
