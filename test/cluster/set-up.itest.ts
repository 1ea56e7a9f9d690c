import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { findProgram } from '../../scripts/bootstrap/find-program.mjs';
import { it } from '../support/fixtures.ts';
import { kits, programModules } from './set-up/programs.ts';
import { setUpPrograms } from './set-up/set-up.ts';

describe('the set-up of the cluster programs', () => {
  beforeEach(() => {
    vi.stubEnv('KUBEBUILDER_ASSETS', '');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('takes what KUBEBUILDER_ASSETS has, and nothing else is needed', async ({ ownScratch }) => {
    vi.stubEnv('KUBEBUILDER_ASSETS', ownScratch);
    vi.stubEnv('PATH', '/nowhere');
    const path = join(ownScratch, 'nats-server');
    await writeFile(path, '', { mode: 0o755 });
    expect(await setUpPrograms('nats', ownScratch)).toEqual({ paths: { 'nats-server': path } });
    expect(await setUpPrograms('s3', ownScratch)).toHaveProperty('absent');
  });

  it('says in one line that Go is missing', async ({ ownScratch }) => {
    vi.stubEnv('PATH', '/nowhere');
    expect(await setUpPrograms('nats', ownScratch)).toEqual({
      absent: 'go not found: nats-server is built with Go 1.26 or later',
    });
  });

  const goThere = findProgram('go') !== undefined;
  if (!goThere) console.error('why a build failed: left out, it needs Go');
  it.runIf(goThere)('says in one line why a build failed', async ({ ownScratch }) => {
    vi.stubEnv('GOPROXY', 'off');
    vi.stubEnv('GOMODCACHE', join(ownScratch, 'modules'));
    const { absent } = await setUpPrograms('nats', ownScratch);
    expect(absent).toMatch(/^building nats-server failed.*module lookup disabled by GOPROXY=off$/);
  });

  it('knows a module for every program of every kit', () => {
    const built = programModules.flatMap(({ programs }) => Object.keys(programs));
    expect(Object.values(kits).flat().toSorted()).toEqual(built.toSorted());
  });
});
