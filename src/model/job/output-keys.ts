import type { StageIdentity } from './stage.ts';

// Keys of published objects. They are flat and start with the job's random uid, because output URLs are public and must
// not be guessable, and contain the attempt, so that no attempt can touch the files of another one.

type Attempt = Pick<StageIdentity, 'uid' | 'attempt'>;

export function outputKey({ uid, attempt }: Attempt, name: string, extension: string): string {
  return `${uid}-${attempt}-${name}.${extension}`;
}

const output = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([1-9][0-9]*)-/;
const report = /^reports\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-[1-9][0-9]*\.json$/;

/** The attempt that published an output; undefined for every other key, such as those of reports and uploads. */
export function outputOf(key: string): Attempt | undefined {
  const [, uid, attempt] = output.exec(key) ?? [];
  return uid === undefined ? undefined : { uid, attempt: Number(attempt) };
}

/** The uid of the job whose worker has published a file, an output or a report; undefined for everything else. */
export function publisherOf(key: string): string | undefined {
  return outputOf(key)?.uid ?? report.exec(key)?.[1];
}

/** Common start of the keys of one attempt, or of all of a job. */
export function outputPrefix(uid: string, attempt?: number): string {
  return attempt === undefined ? `${uid}-` : `${uid}-${attempt}-`;
}

/** Key of the full report of an attempt, in a folder that public asset URLs do not reach, since it contains local paths. */
export function reportKey({ uid, attempt }: Attempt): string {
  return `reports/${uid}-${attempt}.json`;
}

export function reportPrefix(uid: string): string {
  return `reports/${uid}-`;
}
