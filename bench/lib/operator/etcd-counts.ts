import { type Client, request } from 'undici';
import { z } from 'zod';

const answer = z.object({
  header: z.object({ revision: z.coerce.number() }),
  count: z.coerce.number().default(0),
});

export interface EtcdCount {
  /** Keys below the prefix. */
  readonly count: number;
  /** Of the whole store; each write raises it by one. */
  readonly revision: number;
}

/** How many objects etcd holds below a prefix such as `/registry/jobs/`. Costs the API server nothing. */
export async function etcdCount(etcd: string | Client, prefix: string): Promise<EtcdCount> {
  const last = prefix.length - 1;
  const end = prefix.slice(0, last) + String.fromCodePoint((prefix.codePointAt(last) ?? 0) + 1);
  const body = JSON.stringify({ key: btoa(prefix), range_end: btoa(end), count_only: true });
  const call = { method: 'POST', path: '/v3/kv/range', body } as const;
  const reply = await (typeof etcd === 'string' ? request(etcd, call) : etcd.request(call));
  const { header, count } = answer.parse(await reply.body.json());
  return { count, revision: header.revision };
}
