// The operator of the benchmarks in a process of its own: the controller on the Kubernetes store and runner, and nothing
// besides. One argument: what operator-process.ts gives it, as JSON. Tells its parent when it is ready, and what it called.
import { z } from 'zod';
import { Controller } from '../../../src/controller/loop.ts';
import { defaultPolicy } from '../../../src/controller/policy.ts';
import { KubernetesJobStore } from '../../../src/kubernetes/kubernetes-job-store.ts';
import { KubernetesStageRunner } from '../../../src/kubernetes/kubernetes-stage-runner.ts';
import { inClusterCredentials } from '../../../src/kubernetes/runtime/in-cluster.ts';
import { Transport } from '../../../src/kubernetes/runtime/transport.ts';
import { InProcessBus } from '../../../src/local/in-process-bus.ts';
import { systemClock as clock } from '../../../src/local/system-clock.ts';
import { createDirectoryStore } from '../../../src/storage/directory-store.ts';
import { pool, stageOptions } from './bodies.ts';

const settings = z
  .object({
    host: z.string(),
    port: z.string(),
    credentials: z.string(),
    objects: z.string(),
    atOnce: z.number(),
    slots: z.number(),
    podAnnotations: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const calls: Record<string, number> = {};
let firstWriteAt: number | undefined;
const credentials = await inClusterCredentials(settings, settings.credentials);
const transport = new Transport(credentials, {
  userAgent: 'framewright-operator',
  concurrency: { initial: settings.atOnce, max: settings.atOnce },
  onAnswer: ({ method, code }) => {
    if (method !== 'GET') firstWriteAt ??= Date.now();
    calls[`${method} ${code}`] = (calls[`${method} ${code}`] ?? 0) + 1;
  },
});
let errors = 0;
// The first few tell what is wrong.
const onError = (error: unknown, during: string): void => {
  errors += 1;
  if (errors <= 5) process.stderr.write(`${during}: ${String(error)}\n`);
};
const store = new KubernetesJobStore(transport, {
  clock,
  defaultTtlSeconds: defaultPolicy.ttlSecondsAfterFinished,
  onError,
});
const runner = new KubernetesStageRunner(transport, {
  ...stageOptions,
  pools: [{ ...pool, maxConcurrent: settings.slots, annotations: settings.podAnnotations }],
  onError,
});
const objects = createDirectoryStore({ dir: settings.objects });
const controller = new Controller(
  { store, runner, bus: new InProcessBus(), objects, clock },
  { policy: defaultPolicy, concurrency: settings.atOnce, observer: { error: (what, error) => onError(error, what) } },
);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('disconnect', () => stop.abort());
process.on('message', () => process.send?.({ calls, firstWriteAt, stats: controller.stats }));
const running = controller.run(stop.signal);
await store.whenSynced();
await runner.observe('');
process.send?.({ syncedAt: Date.now() });
await running;
await runner[Symbol.asyncDispose]();
await store[Symbol.asyncDispose]();
await transport[Symbol.asyncDispose]();
process.disconnect?.();
