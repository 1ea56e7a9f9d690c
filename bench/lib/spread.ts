import { median } from './benchmark.ts';

/** The median and the range of some figures, without decimals where they are large. */
export function spread(values: readonly number[]): string {
  const text = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 2 : 0);
  if (values.length === 1) return text(median(values));
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}
