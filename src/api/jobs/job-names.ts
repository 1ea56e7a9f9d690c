import { createHash, randomBytes } from 'node:crypto';
import { toBase32 } from '../../lib/base32.ts';
import { bounds } from '../../model/job/bounds.ts';

// Names are DNS-1123 labels of at most 44 characters: the names of Kubernetes Jobs are derived from them.

/** Base 32 in lower case. */
function base32(bytes: Uint8Array): string {
  return toBase32(bytes).toLowerCase();
}

function sha256(...parts: readonly string[]): Uint8Array {
  // A separator that no part can contain keeps ("ab", "c") from being ("a", "bc").
  return createHash('sha256').update(parts.join('\0')).digest();
}

function kebab(type: string): string {
  return type.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `<type>-<unix ms>-<random>` with 50 random bits: names sort by age within a type. */
export function newJobName(type: string, now: number): string {
  return `${kebab(type)}-${now}-${base32(randomBytes(7)).slice(0, 10)}`;
}

/** A name for a manifest with `generateName`. */
export function generatedName(prefix: string): string {
  return `${prefix.slice(0, bounds.jobName - 10)}${base32(randomBytes(7)).slice(0, 10)}`;
}

/** The name for an idempotency key: always the same for the same owner and key, on every replica. */
export function idempotentJobName(owner: { readonly owner: string; readonly namespace: string }, key: string): string {
  return `job-${base32(sha256('idempotency', owner.namespace, owner.owner, key).subarray(0, 20))}`;
}

/**
 * The name of the retry of `name`: `<base>-r<n>`, always the same, so that a repeated request creates one job. `isRetry`
 * distinguishes a retry, whose number goes up, from a job whose own name happens to end like that.
 */
export function retryJobName(name: string, isRetry: boolean): string {
  const [, base, number] = (isRetry ? /^(.+)-r(\d{1,4})$/.exec(name) : null) ?? [];
  const suffix = `-r${number === undefined ? 1 : Number(number) + 1}`;
  const whole = base ?? name;
  const room = bounds.jobName - suffix.length;
  if (whole.length <= room) return whole + suffix;
  // Two long names may differ only in what is cut off: a digest keeps them apart.
  const digest = base32(sha256('retry', whole)).slice(0, 8);
  return `${whole.slice(0, room - digest.length - 1).replace(/-+$/, '')}-${digest}${suffix}`;
}
