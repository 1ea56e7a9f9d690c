import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { z } from 'zod';
import type { RenderJobStatus } from '../../../src/model/job/render-job.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { collections, nameOf, namespace, renderJob } from './bodies.ts';
import { finishedJob, succeeded } from './finished.ts';

/** Objects of one transaction; etcd takes 128 operations. */
const perTransaction = 100;

/** How many of the jobs wait; the others have succeeded and their Jobs are complete. */
export const waitingShare = 0.2;

const stored = z.looseObject({ metadata: z.looseObject({ name: z.string(), uid: z.string() }) });
const range = z.object({ kvs: z.array(z.object({ value: z.string() })).length(1) });

const written = z.object({ header: z.object({ revision: z.string() }), succeeded: z.literal(true) });

interface Put {
  readonly key: string;
  readonly value: string;
}

/**
 * Puts `count` RenderJobs into etcd as the API server stores them, a fifth of them waiting: made after one that went
 * through it. Fifty thousand by way of the API would take minutes.
 */
export async function seedRenderJobs(cluster: BenchCluster, count: number): Promise<void> {
  const etcd = new Client(cluster.plane.etcd);
  try {
    await cluster.transport.request({ method: 'POST', path: collections.renderJobs, body: renderJob(0) });
    const prefix = `/registry/framewright.dev/renderjobs/${namespace}/`;
    const reply = await etcd.request({
      method: 'POST',
      path: '/v3/kv/range',
      body: JSON.stringify({ key: btoa(`${prefix}${nameOf(0)}`) }),
    });
    const [{ value } = { value: '' }] = range.parse(await reply.body.json()).kvs;
    const model = stored.parse(JSON.parse(Buffer.from(value, 'base64').toString()));
    let puts: Put[] = [];
    let revision = '';
    for (let index = 1; index < count; index++) {
      puts.push(...objectsOf(model, prefix, index, index >= count * waitingShare));
      if (puts.length < perTransaction && index + 1 < count) continue;
      revision = await putAll(etcd, puts);
      puts = [];
    }
    await untilServed(cluster, revision);
  } finally {
    await etcd.close();
  }
}

/** The API server takes a while to read what was written past it. */
async function untilServed({ transport }: BenchCluster, revision: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  const query = { limit: 1, resourceVersion: revision, resourceVersionMatch: 'NotOlderThan' };
  for (const path of [collections.renderJobs, collections.jobs]) {
    while (!(await transport.request({ path, query }).then(Boolean, () => false))) {
      if (Date.now() > deadline) throw new Error(`Expected the API server to have read version ${revision} by now`);
      await sleep(500);
    }
  }
}

function objectsOf(model: z.infer<typeof stored>, prefix: string, index: number, ended: boolean): Put[] {
  const name = nameOf(index);
  const uid = randomUUID();
  const { metadata } = stored.parse(renderJobWith(model, index));
  const status: RenderJobStatus | undefined = ended ? succeeded(uid, name) : undefined;
  const job = { ...model, ...renderJobWith(model, index), metadata: { ...metadata, name, uid }, status };
  const put = { key: `${prefix}${name}`, value: JSON.stringify(job) };
  if (!ended) return [put];
  const child = finishedJob(index, uid);
  return [put, { key: `/registry/jobs/${namespace}/${child.metadata.name}`, value: JSON.stringify(child) }];
}

/** The spec and labels of that job, under the metadata that the API server gave the model. */
function renderJobWith(model: z.infer<typeof stored>, index: number): object {
  const { metadata, spec } = z
    .object({ metadata: z.record(z.string(), z.unknown()), spec: z.unknown() })
    .parse(renderJob(index));
  return { spec, metadata: { ...model.metadata, ...metadata } };
}

async function putAll(etcd: Client, puts: readonly Put[]): Promise<string> {
  const success = puts.map(({ key, value }) => ({
    request_put: { key: btoa(key), value: Buffer.from(value).toString('base64') },
  }));
  const reply = await etcd.request({ method: 'POST', path: '/v3/kv/txn', body: JSON.stringify({ success }) });
  return written.parse(await reply.body.json()).header.revision;
}
