import { z } from 'zod';
import { bounds } from './bounds.ts';
import { withRules } from './rule.ts';

/** A point or a length on a timeline, in seconds. */
export const seconds = z.number().min(0).max(bounds.timelineSeconds);

/** A length above zero, in seconds. */
export const positiveSeconds = z.number().gt(0).max(bounds.timelineSeconds);

/** The name of an input within its job. */
export const inputName = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes');

/** A Kubernetes object name short enough for its children's names. */
export const jobName = z
  .string()
  .min(1)
  .max(bounds.jobName)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a DNS-1123 label: lower-case letters, digits and dashes');

/** A relative path without `..`, backslashes or control characters. */
export const relativePath = withRules(
  z
    .string()
    .min(1)
    .max(bounds.path)
    // Go's regular expressions, which validate CRDs, have no look-ahead: the two other conditions are rules.
    .regex(/^[^\\\x00-\x1f\x7f]+$/, 'must not contain backslashes or control characters'),
  [
    {
      cel: "!self.startsWith('/')",
      message: 'must be a relative path: no leading slash',
      holds: (path) => !path.startsWith('/'),
    },
    {
      cel: "!self.matches('(^|/)[.][.](/|$)')",
      message: 'must not contain ".."',
      holds: (path) => !/(^|\/)\.\.(\/|$)/.test(path),
    },
  ],
);

/** A label value of Kubernetes. */
export const labelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, 'must be a Kubernetes label value');

/** A map with at most `entries` keys of at most `keyLength` characters; CEL and etcd need the bounds. */
export function boundedMap<V extends z.ZodType>(value: V, entries: number, keyLength: number) {
  return withRules(
    z
      .record(z.string().max(keyLength), value)
      .refine((map) => Object.keys(map).length <= entries, { error: `must have at most ${entries} entries` })
      // The refinement above in JSON Schema, which zod cannot derive.
      .meta({ maxProperties: entries }),
    [
      {
        cel: `self.all(key, key.size() <= ${keyLength})`,
        message: `keys must have at most ${keyLength} characters`,
        holds: (map) => Object.keys(map).every((key) => key.length <= keyLength),
      },
    ],
  );
}

/** A bit rate in bits per second, with FFmpeg's optional suffix k or M: `2500k`, `4M`, `128000`. */
export const bitrate = z
  .string()
  .max(12)
  .regex(/^[1-9][0-9]{0,9}(\.[0-9]{1,3})?[kM]?$/, 'must be a bit rate such as 2500k, 4M or 128000');

/** Bits per second of a bit rate such as `2500k`. */
export function bitsPerSecond(rate: string): number {
  const factor = rate.endsWith('M') ? 1_000_000 : rate.endsWith('k') ? 1000 : 1;
  return Math.round(Number.parseFloat(rate) * factor);
}

/** An ISO 8601 instant in UTC, as Kubernetes writes it. */
export const timestamp = z.string().max(40).meta({ format: 'date-time' });
