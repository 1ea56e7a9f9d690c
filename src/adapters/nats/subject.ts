import type { ProgressMessage } from '../../model/status/progress.ts';

/** The attempt of a job that a subject stands for. */
export type ProgressSource = Pick<ProgressMessage, 'namespace' | 'name' | 'uid' | 'attempt'>;

const prefix = 'framewright.progress';

/** All progress subjects. */
export const everyProgressSubject = `${prefix}.>`;

/** `framewright.progress.<namespace>.<job>.<uid>.<attempt>` */
export function progressSubject({ namespace, name, uid, attempt }: ProgressSource): string {
  return [prefix, ...[namespace, name, uid].map(encodeToken), attempt].join('.');
}

/** The subjects of all attempts of a job. */
export function jobSubjects({ namespace, name, uid }: Omit<ProgressSource, 'attempt'>): string {
  return [prefix, ...[namespace, name, uid].map(encodeToken), '*'].join('.');
}

/** Undefined for a subject that `progressSubject` cannot return. */
export function parseSubject(subject: string): ProgressSource | undefined {
  if (!subject.startsWith(`${prefix}.`)) return undefined;
  const [namespace, name, uid, attempt, ...more] = subject.slice(prefix.length + 1).split('.');
  if (namespace === undefined || name === undefined || uid === undefined || attempt === undefined) return undefined;
  if (more.length > 0 || !/^[1-9]\d{0,8}$/.test(attempt)) return undefined;
  const source = {
    namespace: decodeToken(namespace),
    name: decodeToken(name),
    uid: decodeToken(uid),
    attempt: Number(attempt),
  };
  // Each name has exactly one spelling: a second one would be a second last value of the same job.
  return progressSubject(source) === subject ? source : undefined;
}

/**
 * One token of a subject: letters, digits and dashes stay, every other byte becomes `_` and two hex digits. So no name
 * contains a dot, which would start another token, or `*` and `>`, which would widen a filter.
 */
function encodeToken(text: string): string {
  if (plain.test(text)) return text;
  const bytes = [...Buffer.from(text, 'utf8')];
  const encoded = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  });
  // A token must not be empty; no byte has this code.
  return encoded.length === 0 ? empty : encoded.join('');
}

const empty = '_';
/** Every name in Kubernetes without a dot. */
const plain = /^[A-Za-z0-9-]+$/;

function decodeToken(token: string): string {
  if (plain.test(token)) return token;
  if (token === empty) return '';
  const escaped = token.replaceAll(/[^A-Za-z0-9_-]/g, '').replaceAll('_', '%');
  try {
    return decodeURIComponent(escaped);
  } catch {
    // Not UTF-8: no name has these bytes.
    return '';
  }
}
