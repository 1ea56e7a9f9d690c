import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findProgram } from '../../scripts/bootstrap/find-program.mjs';
import { kits, programModules } from './set-up/programs.ts';
import { setUpPrograms } from './set-up/set-up.ts';

describe('the set-up of the cluster programs', () => {
  let cache = '';
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'framewright-programs-'));
    vi.stubEnv('KUBEBUILDER_ASSETS', '');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(cache, { recursive: true });
  });

  it('takes what KUBEBUILDER_ASSETS has, and nothing else is needed', async () => {
    vi.stubEnv('KUBEBUILDER_ASSETS', cache);
    vi.stubEnv('PATH', '/nowhere');
    const path = join(cache, 'nats-server');
    await writeFile(path, '', { mode: 0o755 });
    expect(await setUpPrograms('nats', cache)).toEqual({ paths: { 'nats-server': path } });
    expect(await setUpPrograms('s3', cache)).toHaveProperty('absent');
  });

  it('says in one line that Go is missing', async () => {
    vi.stubEnv('PATH', '/nowhere');
    expect(await setUpPrograms('nats', cache)).toEqual({
      absent: 'go not found: nats-server is built with Go 1.26 or later',
    });
  });

  const goThere = findProgram('go') !== undefined;
  if (!goThere) console.error('why a build failed: left out, it needs Go');
  it.runIf(goThere)('says in one line why a build failed', async () => {
    vi.stubEnv('GOPROXY', 'off');
    vi.stubEnv('GOMODCACHE', join(cache, 'modules'));
    const { absent } = await setUpPrograms('nats', cache);
    expect(absent).toMatch(/^building nats-server failed.*module lookup disabled by GOPROXY=off$/);
  });

  it('knows a module for every program of every kit', () => {
    const built = programModules.flatMap(({ programs }) => Object.keys(programs));
    expect(Object.values(kits).flat().toSorted()).toEqual(built.toSorted());
  });
});
