import { describe, expect, it } from 'vitest';
import { clusterPlan } from '../../../src/api/native/cluster-plan.ts';
import { CodedError } from '../../../src/errors/coded-error.ts';
import type { Plan } from '../../../src/media/planning/plan.ts';
import type { RenderJobSpec } from '../../../src/model/job/render-job.ts';

const plan: Plan = {
  backend: 'software',
  fallbacks: [],
  analyses: [],
  files: [],
  steps: [],
  outputs: [],
  duration: 1,
  estimate: { seconds: 1 },
  notes: ['a note of the planner'],
};
const spec: RenderJobSpec = { inputs: [{ name: 'a', asset: 'a.mp4' }], operations: [], acceleration: 'Required' };

describe('a dry run in a cluster', () => {
  it('has a note that another machine renders, before the notes of the planner', async () => {
    const { notes } = await clusterPlan(async () => plan)({ ...spec, acceleration: 'Preferred' });
    expect(notes).toEqual([expect.stringContaining('which has no GPU') as unknown, 'a note of the planner']);
  });

  it('of a job that requires a GPU is made without one, and notes that the job waits for one', async () => {
    const asked: RenderJobSpec[] = [];
    const { notes } = await clusterPlan(async (wanted) => {
      asked.push(wanted);
      return plan;
    })(spec);
    expect(asked).toEqual([{ ...spec, acceleration: 'Preferred' }]);
    expect(notes[1]).toContain('waits for a node that has one');
  });

  it('fails as unsupported when a program is missing, and unchanged for any other reason', async () => {
    const failing = (error: CodedError) =>
      clusterPlan(async () => {
        throw error;
      })(spec);
    const absent = new CodedError('CAPABILITY_MISSING', 'Expected to start the program ffprobe, got ENOENT', {
      cause: Object.assign(new Error('spawn'), { code: 'ENOENT' }),
    });
    await expect(failing(absent)).rejects.toMatchObject({ code: 'UNSUPPORTED', cause: absent });
    const codec = new CodedError('CAPABILITY_MISSING', 'FFmpeg has no encoder for AV1');
    await expect(failing(codec)).rejects.toBe(codec);
    const source = new CodedError('SOURCE_NOT_FOUND', 'no such file');
    await expect(failing(source)).rejects.toBe(source);
  });
});
