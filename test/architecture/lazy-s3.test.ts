import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../src');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** What a file loads as soon as it is loaded itself: types vanish, and `import()` waits. */
const loadedBy = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm)].flatMap(([statement = '', target = '']) =>
    /^(?:import|export) \{(?:\s*type [^,}]+,?)+\s*\} from/.test(statement) ? [] : [target],
  );

// The client takes 35 MB of memory and a fifth of a second: a machine without buckets pays neither.
it('only the files of the S3 store load its client, and nothing loads them before a bucket is used', () => {
  const isS3 = (name: string): boolean => /(^|\/)s3\/[a-z0-9-]+\.ts$|(^|\/)sources\/s3-fetch\.ts$/.test(name);
  const eager = sources.filter(({ name }) => !isS3(name));
  const offenders = eager.flatMap(({ name, text }) =>
    loadedBy(text)
      .filter(
        (target) =>
          target.startsWith('@aws-sdk/') ||
          /(^|\/)s3\/|(^|\/)s3-(bucket|client|errors|failure|fetch|head|publish|read|store|sweep|upload|urls)\.ts$/.test(
            target,
          ),
      )
      .map((target) => `${name} loads ${target}`),
  );
  expect(offenders).toEqual([]);
  // The test looks at what there is.
  expect(
    sources.filter(({ text }) => loadedBy(text).some((target) => target.startsWith('@aws-sdk/'))).length,
  ).toBeGreaterThan(3);
});
