import type { ChaosWorld } from './chaos-world.ts';

/** What happens to one job from its creation to its end, with any operators. */
export interface Life {
  readonly name: string;
  /** Phases in which it may end; none when it is to be gone. */
  readonly ends: readonly string[];
  /** How many of its first writes are those of another life, and need not be looked at twice. */
  readonly known: number;
  /** Limit of the writing calls to the API server: 5 for each attempt, and those for a request. */
  readonly budget: number;
  /** Returns once the world has done its part. */
  readonly play: (world: ChaosWorld, job: string) => Promise<void>;
}

const hasty = { retry: { backoffSeconds: 0.1, maxBackoffSeconds: 0.2 } };

async function running(world: ChaosWorld, job: string, attempt = 1) {
  const pod = () => world.runningPod(job, attempt);
  await world.recorder.until(`a pod of attempt ${attempt} of ${job} to run`, () => pod() !== undefined);
  const found = pod();
  if (found === undefined) throw new Error('Expected the pod that was just seen');
  return found;
}

const isRunning = (world: ChaosWorld, job: string): Promise<void> =>
  world.recorder.until(`${job} to be Running`, () => world.phaseOf(job) === 'Running');

export const lives: readonly Life[] = [
  {
    name: 'succeeds',
    ends: ['Succeeded'],
    known: 0,
    budget: 5,
    play: async (world, job) => {
      await world.create(job);
      await world.succeed(await running(world, job));
    },
  },
  {
    name: 'succeeds with its second attempt',
    ends: ['Succeeded'],
    known: 3,
    budget: 10,
    play: async (world, job) => {
      await world.create(job, hasty);
      await world.end(await running(world, job), { exitCode: 10, message: failure('SOURCE_UNAVAILABLE', 10) });
      await world.succeed(await running(world, job, 2));
    },
  },
  {
    name: 'fails finally',
    ends: ['Failed'],
    known: 2,
    budget: 5,
    play: async (world, job) => {
      await world.create(job);
      await world.end(await running(world, job), { exitCode: 41, message: failure('INPUT_INVALID', 41) });
    },
  },
  {
    name: 'fails though its outputs are published',
    ends: ['Failed'],
    known: 2,
    budget: 5,
    play: async (world, job) => {
      await world.create(job, { retry: { limit: 0 } });
      const pod = await running(world, job);
      await world.publish(pod);
      await world.end(pod, { exitCode: 137 });
    },
  },
  {
    name: 'is cancelled while it runs',
    ends: ['Cancelled'],
    known: 3,
    budget: 8,
    play: async (world, job) => {
      await world.create(job);
      await running(world, job);
      await isRunning(world, job);
      await world.edit(job, { spec: { cancelled: true } });
    },
  },
  {
    name: 'is suspended while it runs, and resumed',
    ends: ['Succeeded'],
    known: 3,
    budget: 14,
    play: async (world, job) => {
      await world.create(job);
      await running(world, job);
      await isRunning(world, job);
      await world.edit(job, { spec: { suspend: true } });
      await world.recorder.until('the job to wait', () => world.job(job)?.status?.reason === 'Suspended');
      await world.edit(job, { spec: { suspend: false } });
      await world.succeed(await running(world, job, 2));
    },
  },
  {
    name: 'is removed while it runs',
    ends: [],
    known: 3,
    budget: 8,
    play: async (world, job) => {
      await world.create(job);
      await running(world, job);
      await isRunning(world, job);
      await world.remove(job);
    },
  },
  {
    name: 'is removed after its end',
    ends: [],
    known: 4,
    budget: 7,
    play: async (world, job) => {
      await world.create(job);
      await world.succeed(await running(world, job));
      await world.recorder.until('the job to succeed', () => world.phaseOf(job) === 'Succeeded');
      await world.remove(job);
    },
  },
  {
    name: 'loses its Job to a deletion by hand',
    ends: ['Succeeded'],
    known: 3,
    budget: 10,
    play: async (world, job) => {
      await world.create(job);
      await running(world, job);
      await isRunning(world, job);
      await world.removeStageJob(`${job}-1-render`, 'Background');
      await world.succeed(await running(world, job, 2));
    },
  },
  {
    name: 'loses its node',
    ends: ['Succeeded'],
    known: 3,
    budget: 10,
    play: async (world, job) => {
      await world.create(job);
      await world.loseNode(await running(world, job));
      await world.succeed(await running(world, job, 2));
    },
  },
];

/** What a worker leaves that failed. */
export function failure(code: string, exitCode: number): string {
  return JSON.stringify({ version: 1, exitCode, error: { code, message: `It ended with ${code}.` } });
}
