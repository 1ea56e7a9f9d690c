import type { StageIdentity } from '../model/stage.ts';

/** The name of a published file: unguessable because the uid is random, and different for every attempt. */
export function publishedName(
  { uid, attempt }: Pick<StageIdentity, 'uid' | 'attempt'>,
  output: string,
  extension: string,
): string {
  return `${uid}-${attempt}-${output}.${extension}`;
}
