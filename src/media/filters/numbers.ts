/** A fraction, such as a frame rate of 30000/1001. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** A number as FFmpeg reads it anywhere: at most six decimals, never an exponent. */
export function decimal(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '');
}

export function ratio({ num, den }: Rational): number {
  return num / den;
}

/** A fraction in FFmpeg's notation. */
export function fraction({ num, den }: Rational): string {
  return den === 1 ? String(num) : `${num}/${den}`;
}

/** The frame rate that a decimal number stands for: 29.97 is 30000/1001. */
export function frameRateOf(value: number): Rational {
  const ntsc = Math.round(value * 1.001);
  if (!Number.isInteger(value) && Math.abs((ntsc * 1000) / 1001 - value) < 0.005)
    return { num: ntsc * 1000, den: 1001 };
  return reduced({ num: Math.round(value * 1000), den: 1000 });
}

function reduced({ num, den }: Rational): Rational {
  const divisor = greatestCommonDivisor(num, den);
  return { num: num / divisor, den: den / divisor };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.max(1, Math.abs(a)) : greatestCommonDivisor(b, a % b);
}

/** The nearest even length, at least 2: what 4:2:0 frames need. */
export function even(length: number): number {
  return Math.max(2, Math.round(length / 2) * 2);
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
