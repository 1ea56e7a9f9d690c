import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { configTable } from '../../src/config/settings.ts';
import { CodedError } from '../../src/errors/coded-error.ts';

function rejection(flags: Record<string, string>, environment: Record<string, string> = {}): CodedError {
  try {
    loadConfig(flags, environment);
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error('Expected an error, got a Config');
}

describe('loadConfig', () => {
  it('needs nothing to be set', () => {
    expect(loadConfig({}, {})).toMatchObject({
      server: { host: '127.0.0.1', port: 8080 },
      limits: { unfinishedJobs: 20 },
      sources: { hosts: ['*'], mediaRoot: undefined },
    });
  });

  it('lets a flag override its variable', () => {
    expect(loadConfig({ port: '0' }, { FRAMEWRIGHT_PORT: '9000' }).server.port).toBe(0);
    expect(loadConfig({}, { FRAMEWRIGHT_PORT: '9000' }).server.port).toBe(9000);
  });

  it('lists every wrong setting with its name, what was expected and what was got', () => {
    const { message } = rejection({ port: 'x' }, { FRAMEWRIGHT_WORKERS: '-1', FRAMEWRIGHT_EXPECT_QSV: 'maybe' });
    expect(message).toContain('--port: expected a whole number from 0 to 65535, got "x"');
    expect(message).toContain('FRAMEWRIGHT_WORKERS: expected a whole number from 0 to 256, got "-1"');
    expect(message).toContain('FRAMEWRIGHT_EXPECT_QSV');
  });

  it.each(['', ' ', '1e3', '0x10', '65536', '١'])('rejects %j as a port', (port) => {
    expect(rejection({ port }).message).toContain('--port');
  });

  it('reads only the settings of the verb: those of another one are ignored', () => {
    expect(loadConfig({}, { FRAMEWRIGHT_LEASE_SECONDS: 'long' }, 'standalone').lease.seconds).toBe(15);
    const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', FRAMEWRIGHT_POOLS_FILE: 'p', FRAMEWRIGHT_OBJECTS_DIR: 'o' };
    expect(loadConfig({ data: 'x' }, { ...inPod, FRAMEWRIGHT_WORKERS: '-1' }, 'operator').cluster.apiServerPort).toBe(
      443,
    );
  });

  it('has a sentence about each setting and names no variable twice', () => {
    for (const { about } of configTable) expect(about).toMatch(/\.$/);
    expect(new Set(configTable.map(({ variable }) => variable)).size).toBe(configTable.length);
  });
});
