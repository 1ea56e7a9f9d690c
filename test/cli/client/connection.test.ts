import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { findConnection, isLoopback } from '../../../src/cli/client/connection.ts';
import { test } from '../../support/fixtures.ts';

const it = test.extend('find', { scope: 'file' }, async ({ scratch }) => {
  await writeFile(join(scratch, 'admin-key'), 'fwk_admin_secret\n');
  await writeFile(join(scratch, 'key'), '  fwk_file_secret \n');
  await writeFile(join(scratch, 'two'), 'fwk_a_secret\nfwk_b_secret\n');
  await writeFile(join(scratch, 'empty'), '\n');
  return (options: { url?: string; keyFile?: string; environment?: Record<string, string> } = {}) =>
    findConnection({
      urlOption: options.url,
      keyFileOption: options.keyFile === undefined ? undefined : join(scratch, options.keyFile),
      environment: options.environment ?? {},
      dataDir: scratch,
    });
});

describe('the connection', () => {
  it('goes to this machine with its admin key when nothing is said', async ({ find }) => {
    expect(await find()).toEqual({ url: 'http://127.0.0.1:8080', key: 'fwk_admin_secret' });
    expect(await find({ environment: { FRAMEWRIGHT_URL: '' } })).toMatchObject({ url: 'http://127.0.0.1:8080' });
  });

  it('takes options before variables, and variables before files of this machine', async ({ find }) => {
    const environment = { FRAMEWRIGHT_URL: 'http://localhost:1/base/', FRAMEWRIGHT_API_KEY: 'fwk_env_secret' };
    expect(await find({ environment })).toEqual({ url: 'http://localhost:1/base', key: 'fwk_env_secret' });
    expect(await find({ environment, url: 'https://render.example.com', keyFile: 'key' })).toEqual({
      url: 'https://render.example.com',
      key: 'fwk_file_secret',
    });
  });

  it('never sends the admin key of this machine to another one', async ({ find }) => {
    expect(await find({ url: 'https://render.example.com' })).toEqual({
      url: 'https://render.example.com',
      key: undefined,
    });
    expect(await find({ url: 'http://127.0.0.1.example.com' })).toMatchObject({ key: undefined });
  });

  it.each(['127.0.0.1', '127.8.8.8', 'localhost', '[::1]'])('%s is this machine', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['10.0.0.1', 'localhost.example.com', '127.0.0.1.example.com', '[::2]', ''])(
    '%j is another machine',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );

  it.for(['ftp://render.example.com', 'render.example.com:80', '', 'http://'])(
    'rejects the address %j',
    async (url, { find }) => {
      await expect(find({ url })).rejects.toThrow('expected an http or https URL in --url');
    },
  );

  it('rejects an address with credentials, and does not repeat them', async ({ find }) => {
    const error: unknown = await find({ url: 'http://user:hunter2@render.example.com' }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch('expected a URL without credentials');
    expect(String(error)).not.toContain('hunter2');
  });

  it.for(['two', 'empty', 'missing'])(
    'rejects the key file %s, and does not show what is in it',
    async (keyFile, { find }) => {
      const error: unknown = await find({ keyFile }).catch((reason: unknown) => reason);
      expect(String(error)).toMatch(/cannot be read|expected one API key/);
      expect(String(error)).not.toContain('secret');
    },
  );
});
