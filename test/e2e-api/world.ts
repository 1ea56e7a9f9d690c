import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import type { Role } from '../../src/ports/key-store.ts';
import { Client } from '../support/api-server.ts';

const execute = promisify(execFile);
const main = fileURLToPath(import.meta.resolve('../../src/main.ts'));

/** A real installation: a server process or several, and workers that render. */
export interface World extends AsyncDisposable {
  readonly url: string;
  /** Beginning of the URLs of outputs. */
  readonly files: string;
  /** What `framewright keys` takes to find the keys of this installation. */
  readonly keyArguments: readonly string[];
  /** Names in the table of rejections of what this installation accepts although a single machine does not. */
  readonly takes: readonly string[];
}

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

const madeKey = z.object({ id: z.string(), key: z.string() });

/** Runs `framewright` as a person does; answers what it printed. */
export async function framewright(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args]);
  return stdout;
}

/** Makes a key in the namespace `default`. */
export async function makeKey(world: Pick<World, 'keyArguments'>, owner: string, role: Role): Promise<MadeKey> {
  const args = ['keys', 'create', '--json', '--owner', owner, '--role', role, '--namespace', 'default'];
  return madeKey.parse(JSON.parse(await framewright(...args, ...world.keyArguments)));
}

/** A client whose key the server knows by now. */
export async function clientOf(url: string, { key }: MadeKey): Promise<Client> {
  const client = new Client(url, key);
  await vi.waitFor(async () => expect((await client.get('/api/jobs')).status).toBe(200), patience);
  return client;
}

/** On a machine that is busy with other tests. */
export const patience = { timeout: 90_000, interval: 100 };

const job = z.object({
  metadata: z.object({ name: z.string(), uid: z.string() }),
  status: z.object({
    phase: z.string(),
    reason: z.string().optional(),
    result: z
      .object({
        outputs: z.array(z.object({ key: z.string(), url: z.string(), durationSeconds: z.number().optional() })),
      })
      .optional(),
  }),
});
export type Job = z.output<typeof job>;

export function readJob(body: unknown): Job {
  return job.parse(body);
}

export async function lookUp(client: Client, name: string): Promise<Job> {
  return readJob((await client.get(`/apis/render-jobs/${name}`)).body);
}

/** Makes a job by the Native API; answers its name. */
export async function submit(client: Client, spec: object): Promise<string> {
  const reply = await client.post('/apis/render-jobs', spec);
  expect([reply.status, reply.text]).toEqual([201, expect.any(String) as unknown]);
  return readJob(reply.body).metadata.name;
}

/** Waits until a job is in a phase; fails immediately when it has ended in another one. */
export async function untilPhase(client: Client, name: string, ...phases: readonly string[]): Promise<Job> {
  const awaited = new Set([...phases, 'Succeeded', 'Failed', 'Cancelled']);
  const seen = await vi.waitFor(async () => {
    const found = await lookUp(client, name);
    expect(awaited).toContain(found.status.phase);
    return found;
  }, patience);
  expect(phases, JSON.stringify(seen)).toContain(seen.status.phase);
  return seen;
}

/** Uploads a file; answers its id. */
export async function upload(client: Client, content: Uint8Array<ArrayBuffer>, filename: string): Promise<string> {
  const reply = await client.send('POST', `/api/assets?filename=${filename}`, {
    body: content,
    headers: { 'content-type': 'video/mp4' },
  });
  expect([reply.status, reply.text]).toEqual([201, expect.any(String) as unknown]);
  return z.object({ id: z.string() }).parse(reply.body).id;
}
