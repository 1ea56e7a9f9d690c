import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { errorTable, isErrorCode } from '../../src/errors/error-table.ts';
import type { Fault, SeenCall } from '../support/fault-proxy.ts';
import type { ChaosWorld, PodEnd } from './chaos-world.ts';
import { failure } from './job-lives.ts';

/** Names of the jobs that a history is about. */
const names = ['a', 'b', 'c', 'd'] as const;

/** What the network and the API server do to a share of an operator's calls. */
const weathers = {
  fair: undefined,
  reset: { kind: 'reset' },
  'answers lost': { kind: 'reset-after' },
  silence: { kind: 'silence' },
  'too many requests': { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
  'internal error': { kind: 'answer', status: 500 },
  unavailable: { kind: 'answer', status: 503, headers: { 'retry-after': '1' } },
  'cut lines': { kind: 'cut', afterBytes: 700 },
  gone: { kind: 'answer', status: 410, body: '{"kind":"Status","code":410,"reason":"Expired","message":"too old"}' },
} as const satisfies Readonly<Record<string, Fault | undefined>>;

type Weather = keyof typeof weathers;

type JobStep =
  | 'create'
  | 'create with kubectl'
  | 'cancel'
  | 'suspend'
  | 'resume'
  | 'remove'
  | 'succeed'
  | 'evict'
  | 'lose node'
  | 'remove Job'
  | 'remove Job and wait'
  | 'relabel';

export type Step =
  | { readonly do: JobStep; readonly job: string }
  | { readonly do: 'end'; readonly job: string; readonly end: PodEnd }
  | { readonly do: 'prioritise'; readonly job: string; readonly priority: number }
  | { readonly do: 'report'; readonly job: string; readonly percent: number }
  | { readonly do: 'weather'; readonly weather: Weather; readonly oneIn: number }
  | { readonly do: 'reset all' | 'silence all' | 'kill' | 'second operator' | 'stop one' }
  | { readonly do: 'pass'; readonly milliseconds: number };

/** Every way in which a worker ends: each code of the table with the result that goes with it, and what systems do. */
const podEnds: readonly PodEnd[] = [
  ...Object.entries(errorTable).flatMap(([code, definition]) => {
    if (!isErrorCode(code) || !('exit' in definition) || definition.exit === undefined) return [];
    return [{ exitCode: definition.exit, message: failure(code, definition.exit) }, { exitCode: definition.exit }];
  }),
  { exitCode: 137 },
  { exitCode: 137, reason: 'OOMKilled' },
  { exitCode: 143 },
  { exitCode: 255 },
  { exitCode: 1 },
  { exitCode: 0 },
  { exitCode: 0, message: 'no JSON' },
  { exitCode: 0, message: '{"version":1,"exitCode":0}' },
  { exitCode: 137, disruption: 'evicted' },
  { exitCode: 143, disruption: 'Eviction API: evicting' },
  { exitCode: 10, disruption: 'evicted', message: failure('SOURCE_UNAVAILABLE', 10) },
];

const job = fc.constantFrom(...names);
const jobStep = (name: JobStep) => job.map((one): Step => ({ do: name, job: one }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: jobStep('create') },
  { weight: 2, arbitrary: jobStep('create with kubectl') },
  { weight: 2, arbitrary: jobStep('cancel') },
  { weight: 2, arbitrary: jobStep('suspend') },
  { weight: 2, arbitrary: jobStep('resume') },
  { weight: 2, arbitrary: jobStep('remove') },
  { weight: 2, arbitrary: jobStep('relabel') },
  { weight: 3, arbitrary: jobStep('succeed') },
  { weight: 2, arbitrary: jobStep('evict') },
  { weight: 2, arbitrary: jobStep('lose node') },
  { weight: 2, arbitrary: jobStep('remove Job') },
  { weight: 1, arbitrary: jobStep('remove Job and wait') },
  {
    weight: 8,
    arbitrary: fc.tuple(job, fc.constantFrom(...podEnds)).map(([one, end]): Step => ({ do: 'end', job: one, end })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(job, fc.integer({ min: -100, max: 100 }))
      .map(([one, priority]): Step => ({ do: 'prioritise', job: one, priority })),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(job, fc.nat(100)).map(([one, percent]): Step => ({ do: 'report', job: one, percent })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...weatherNames()), fc.integer({ min: 1, max: 4 }))
      .map(([weather, oneIn]): Step => ({ do: 'weather', weather, oneIn })),
  },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'reset all' }, { do: 'silence all' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'kill' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'second operator' }, { do: 'stop one' }) },
  {
    weight: 14,
    arbitrary: fc.integer({ min: 1, max: 700 }).map((milliseconds): Step => ({ do: 'pass', milliseconds })),
  },
);

/** A few jobs in a few seconds in which anything may happen. */
export const history = fc.array(step, { minLength: 25, maxLength: 70, size: 'max' });

const hasty = { retry: { limit: 2, backoffSeconds: 0.1, maxBackoffSeconds: 0.5 } };

/** Lets one thing happen. What it is about may be gone: then nothing happens, as in life. */
export async function take(world: ChaosWorld, next: Step): Promise<void> {
  switch (next.do) {
    case 'create':
      return world.create(next.job, hasty);
    case 'create with kubectl':
      return world.create(next.job, hasty, { finalizers: [] });
    case 'cancel':
      return world.edit(next.job, { spec: { cancelled: true } });
    case 'suspend':
    case 'resume':
      return world.edit(next.job, { spec: { suspend: next.do === 'suspend' } });
    case 'prioritise':
      return world.edit(next.job, { spec: { priority: next.priority } });
    case 'relabel':
      return world.edit(next.job, { metadata: { labels: { 'example.com/at': String(Date.now()) } } });
    case 'remove':
      return world.remove(next.job);
    case 'succeed':
    case 'end':
    case 'evict':
    case 'lose node':
      return endPod(world, next);
    case 'remove Job':
    case 'remove Job and wait': {
      const policy = next.do === 'remove Job' ? 'Background' : 'Foreground';
      const attempt = world.job(next.job)?.status?.attempt ?? 1;
      return world.removeStageJob(`${next.job}-${attempt}-render`, policy);
    }
    case 'report':
      world.report(next.job, next.percent);
      return;
    case 'weather':
      for (const operator of world.living) operator.fault = weatherOf(next);
      return;
    case 'reset all':
      for (const { proxy } of world.living) proxy.resetAll();
      return;
    case 'silence all':
      for (const { proxy } of world.living) proxy.silenceAll();
      return;
    case 'kill':
      await world.living[0]?.kill();
      if (world.living.length === 0) await world.operator();
      return;
    case 'second operator':
      if (world.living.length < 2) await world.operator();
      return;
    case 'stop one':
      if (world.living.length > 1) await world.living[0]?.[Symbol.asyncDispose]();
      return;
    case 'pass':
      await sleep(next.milliseconds);
  }
}

async function endPod(world: ChaosWorld, next: Extract<Step, { job: string }>): Promise<void> {
  const pod = world.runningPod(next.job);
  if (pod === undefined) return;
  if (next.do === 'succeed') await world.succeed(pod);
  else if (next.do === 'evict') await world.evict(pod);
  else if (next.do === 'lose node') await world.loseNode(pod);
  else if (next.do === 'end') await world.end(pod, next.end);
}

function weatherOf({ weather, oneIn }: Extract<Step, { do: 'weather' }>): (call: SeenCall) => Fault | undefined {
  let calls = 0;
  return ({ query }) => {
    calls += 1;
    // Only watches end with 410: a list with 410 would mean a server without any history.
    if (weather === 'gone' && query.get('watch') === null) return undefined;
    return calls % oneIn === 0 ? weathers[weather] : undefined;
  };
}

function weatherNames(): Weather[] {
  return [
    'fair',
    'fair',
    'reset',
    'answers lost',
    'silence',
    'too many requests',
    'internal error',
    'unavailable',
    'cut lines',
    'gone',
  ];
}
