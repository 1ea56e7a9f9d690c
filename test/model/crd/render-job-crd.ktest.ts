import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/adapters/kubernetes/client/api-error.ts';
import { kubeconfigCredentials } from '../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../src/adapters/kubernetes/client/transport.ts';
import { isRecord } from '../../../src/lib/json.ts';
import { apiVersion } from '../../../src/model/job/render-job.ts';
import { describeOnCluster } from '../../support/cluster.ts';
import { type Rejection, rejections } from './rejections.ts';

const samples = join(import.meta.dirname, '../../../manifests');
const merge = { method: 'PATCH' as const, contentType: 'application/merge-patch+json' };

describeOnCluster('RenderJobs in a real API server', (cluster) => {
  let namespace = '';
  let transport: Transport;
  let count = 0;
  beforeAll(async () => {
    namespace = await cluster.namespace();
    transport = new Transport(await kubeconfigCredentials(cluster.kubeconfig), { userAgent: 'framewright-test' });
  });
  afterAll(() => transport[Symbol.asyncDispose]());

  const path = (name = '', more = ''): string =>
    `/apis/${apiVersion}/namespaces/${namespace}/renderjobs${name && `/${name}`}${more}`;
  async function create(spec: object = {}, name?: string): Promise<string> {
    count += 1;
    const chosen = name ?? `job-${count}`;
    const body = {
      apiVersion,
      kind: 'RenderJob',
      metadata: { name: chosen },
      spec: { inputs: [{ name: 'main', asset: 'clip.mp4' }], ...spec },
    };
    await transport.request({ method: 'POST', path: path(), body, query: { fieldValidation: 'Strict' } });
    return chosen;
  }
  async function writeStatus(name: string, status: object | null): Promise<void> {
    const found = await transport.request({ path: path(name) });
    if (!isRecord(found)) throw new Error('Expected a RenderJob');
    const { status: _, ...rest } = found;
    const body = status === null ? rest : { ...rest, status };
    await transport.request({ method: 'PUT', path: path(name, '/status'), body });
  }
  const edit = (name: string, spec: object): Promise<unknown> =>
    transport.request({ ...merge, path: path(name), body: { spec } });

  /** Makes the request that a rejection describes. */
  async function attempt({ name, spec, status, edit: change, next }: Rejection): Promise<void> {
    const made = await create(spec, name);
    if (status !== undefined) await writeStatus(made, status);
    if (change !== undefined) await edit(made, change);
    if (next !== undefined) await writeStatus(made, next);
  }

  describe('rejects', () => {
    it.each(rejections)('at "$path" with "$message"', async (rejection) => {
      const error = await attempt(rejection).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof ApiError)) expect.fail(`Expected a rejection, got ${String(error)}`);
      expect(error.status).toBe(422);
      const causes = error.causes.map(({ field, message }) => `${rulePath(field)}: ${message}`);
      // Between the two the API server quotes the value, or says only that it is invalid.
      const matching = causes.filter(
        (text) => text.startsWith(`${rejection.path}: `) && text.endsWith(rejection.message),
      );
      expect(matching, causes.join('\n')).toHaveLength(1);
    });

    it('a field that does not exist, by name', async () => {
      await expect(create({ operation: [] })).rejects.toThrow(/unknown field "spec.operation"/);
    });
  });

  it('accepts requested changes while a job runs', async () => {
    const name = await create();
    await writeStatus(name, {
      phase: 'Running',
      reason: 'Rendering',
      message: 'renders',
      attempt: 1,
      failures: 0,
      disruptions: 0,
    });
    const changes = { priority: 5, suspend: true, cancelled: true, ttlSecondsAfterFinished: 60 };
    expect(await edit(name, changes)).toMatchObject({ spec: changes });
  });

  it('lets progress start again with a new attempt, and the spec change before the first', async () => {
    const name = await create();
    const status = {
      phase: 'Running',
      reason: 'Rendering',
      message: 'renders',
      attempt: 1,
      failures: 0,
      disruptions: 0,
    };
    const queued = { ...status, phase: 'Queued', reason: 'WaitingForSlot' };
    await writeStatus(name, queued);
    await edit(name, { operations: [{ mute: {} }] });
    const progress = { percent: 90, step: 'encoding', updatedAt: '2026-01-01T00:00:00Z' };
    await writeStatus(name, { ...status, progress });
    await writeStatus(name, { ...status, attempt: 2, progress: { ...progress, percent: 0 } });
  });

  it('writes nothing when a status is written that is already there', async () => {
    const name = await create();
    const status = { phase: 'Queued', reason: 'Accepted', message: 'waits', attempt: 1, failures: 0, disruptions: 0 };
    await writeStatus(name, status);
    const before = await transport.request({ path: path(name) });
    await writeStatus(name, status);
    expect(await transport.request({ path: path(name) })).toEqual(before);
  });

  it('takes every sample', async () => {
    const files = (await readdir(samples)).filter((file) => file.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const sample = load(await readFile(join(samples, file), 'utf8'));
      if (!isRecord(sample) || !isRecord(sample['metadata'])) expect.fail(`${file} holds no object`);
      const query = { dryRun: 'All', fieldValidation: 'Strict' };
      await transport.request({ method: 'POST', path: path(), body: sample, query });
    }
  });

  it('are listed by phase and by queue', async () => {
    const name = await create({ queue: 'night' });
    const status = {
      phase: 'Cancelled',
      reason: 'Cancelled',
      message: 'cancelled',
      attempt: 1,
      failures: 0,
      disruptions: 0,
    };
    await writeStatus(name, status);
    const select = (selector: string): Promise<string> =>
      cluster.run(['get', 'rj', '-n', namespace, '-o', 'name', '--field-selector', selector]);
    expect(await select('status.phase=Cancelled')).toBe(`renderjob.framewright.dev/${name}\n`);
    expect(await select('spec.queue=night')).toBe(`renderjob.framewright.dev/${name}\n`);
    expect(await select('spec.queue=day')).toBe('');
  });

  it('are shown in columns, more of them when asked', async () => {
    const name = await create();
    const status = {
      phase: 'Running',
      reason: 'Rendering',
      message: 'renders',
      type: 'trim',
      attempt: 3,
      failures: 2,
      disruptions: 0,
    };
    await writeStatus(name, {
      ...status,
      progress: { percent: 42.5, fps: 310, etaSeconds: 9, step: 'encoding', updatedAt: '2026-01-01T00:00:00Z' },
    });
    const get = (...more: string[]): Promise<string> => cluster.run(['get', 'rj', name, '-n', namespace, ...more]);
    expect(await get()).toMatch(
      /^NAME\s+PHASE\s+TYPE\s+PROGRESS\s+ETA\s+ATTEMPT\s+AGE\s+job-\d+\s+Running\s+trim\s+42.5\s+9\s+3\s+\d+s\n$/,
    );
    expect(await get('-o', 'wide')).toMatch(/FPS.*NODE.*REASON.*MESSAGE.*\n.*310.*Rendering\s+renders/);
  });

  describe('kubectl explain', () => {
    it.each(['renderjob.spec', 'renderjob.status', 'renderjob.spec.operations', 'renderjob.spec.output'])(
      'has a sentence for every field of %s',
      async (field) => {
        const text = await cluster.run(['explain', field]);
        expect(text).toMatch(/DESCRIPTION:\n {4}[A-Z].*\./);
        const fields = text.slice(text.indexOf('FIELDS:\n') + 8).split(/\n(?= {2}\S+\t<)/);
        expect(fields.length).toBeGreaterThan(5);
        for (const one of fields) expect(one).toMatch(/^ {2}\S+\t<\S+>.*\n(.*\n)* {4}\S.*\.\n*$/);
      },
    );

    it('says which words a field takes', async () => {
      expect(await cluster.run(['explain', 'renderjob.spec.acceleration'])).toMatch(/Required\s+Preferred\s+Disabled/);
    });
  });
});

/** `spec.inputs[0].file` as the schema has it: `spec.inputs[].file`; the API server calls the root `<nil>`. */
function rulePath(field: string): string {
  return field === '<nil>' ? '' : field.replaceAll(/\[\d+\]/g, '[]');
}
