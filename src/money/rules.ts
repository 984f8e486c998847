/** The largest amount the product handles, in cents: A$100 million. Sums of many such stay exact in a double. */
export const MAX_CENTS = 10_000_000_000;

/** `numerator / denominator` of whole, non-negative numbers, rounded half up to a whole number. */
export function divideHalfUp(numerator: number, denominator: number): number {
  return Math.floor((2 * numerator + denominator) / (2 * denominator));
}

/** The cost in cents of `minutes` at an hourly price in cents, rounded half up to the cent. */
export function costOfMinutes(minutes: number, unitPriceCents: number): number {
  return divideHalfUp(minutes * unitPriceCents, 60);
}

/** The cost in cents of a quantity in hundredths at a price in cents, rounded half up to the cent. */
export function costOfQuantity(quantityHundredths: number, unitPriceCents: number): number {
  return divideHalfUp(quantityHundredths * unitPriceCents, 100);
}

/** Cents as people write dollars: `123456` is `$1,234.56`. */
export function dollars(cents: number): string {
  const digits = Math.abs(cents).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${cents < 0 ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}
