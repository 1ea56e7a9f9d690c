import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RenderJobStatus } from '../../../src/model/job/render-job.ts';
import { ApiServer, type Body, type Client } from '../../support/api-server.ts';
import { anyNumber } from '../../support/matchers.ts';

// Documents 000 and 001 of the Edit API, reply by reply.

let server: ApiServer;
let client: Client;
let clip: string;

beforeAll(async () => {
  server = await ApiServer.start();
  client = await server.client('ann');
  clip = await server.publish('clip.mp4');
});
afterAll(async () => server[Symbol.asyncDispose]());

const trim = () => client.make('trim', { videoUrl: clip, start: 1, end: 2 });

const output = { name: 'main', kind: 'video', key: 'x-1-main.mp4', mediaType: 'video/mp4', bytes: 10 } as const;
const startedAt = '2030-01-01T00:00:00.000Z';
const finishedAt = '2030-01-01T00:01:40.000Z';
const running: Partial<RenderJobStatus> = { phase: 'Running', reason: 'Rendering', message: 'Encoding.', startedAt };
const succeeded: Partial<RenderJobStatus> = {
  phase: 'Succeeded',
  reason: 'Completed',
  message: 'Done.',
  finishedAt,
  result: { outputs: [output] },
};
const failed: Partial<RenderJobStatus> = {
  phase: 'Failed',
  reason: 'NotRetryable',
  message: 'It failed.',
  finishedAt,
  error: { code: 'INPUT_UNSUPPORTED', message: 'Video codec not supported' },
};

function members(body: Body): string[] {
  return Object.keys(body).toSorted();
}

describe('GET /api/jobs/:jobId answers', () => {
  it('a queued job with its id, status and times only', async () => {
    const before = Date.now();
    const jobId = await trim();
    const { status, body } = await client.get(`/api/jobs/${jobId}`);
    expect(status).toBe(200);
    expect(members(body)).toEqual(['createdAt', 'jobId', 'status', 'updatedAt']);
    expect(body).toMatchObject({ jobId, status: 'queued', updatedAt: body['createdAt'] });
    expect(body['createdAt']).toBeGreaterThanOrEqual(before);
    expect(Number.isInteger(body['createdAt'])).toBe(true);
  });

  it('a starting job as queued', async () => {
    const jobId = await trim();
    await server.move(jobId, { phase: 'Starting', reason: 'Starting' });
    expect((await client.get(`/api/jobs/${jobId}`)).body).toMatchObject({ status: 'queued' });
  });

  it('an active job with progress from 0 to 1, from the bus when that is newer than the status', async () => {
    const jobId = await trim();
    await server.move(jobId, running);
    const first = (await client.get(`/api/jobs/${jobId}`)).body;
    expect(members(first)).toEqual(['createdAt', 'jobId', 'progress', 'status', 'updatedAt']);
    expect(first).toMatchObject({ status: 'active', progress: 0, updatedAt: Date.parse(startedAt) });
    await server.progress(jobId, 1, { percent: 45, updatedAt: '2030-01-01T00:00:20.000Z' });
    const second = (await client.get(`/api/jobs/${jobId}`)).body;
    expect(second).toMatchObject({
      status: 'active',
      progress: 0.45,
      updatedAt: Date.parse('2030-01-01T00:00:20.000Z'),
    });
  });

  it('a done job with its output URL and without progress', async () => {
    const jobId = await trim();
    await server.progress(jobId, 1, { percent: 100 });
    await server.move(jobId, succeeded);
    const { body } = await client.get(`/api/jobs/${jobId}`);
    expect(members(body)).toEqual(['createdAt', 'jobId', 'outputUrl', 'status', 'updatedAt']);
    expect(body).toMatchObject({
      status: 'done',
      outputUrl: `${server.url}/assets/x-1-main.mp4`,
      updatedAt: Date.parse(finishedAt),
    });
  });

  it('a failed job with its error as text', async () => {
    const jobId = await trim();
    await server.move(jobId, failed);
    const { body } = await client.get(`/api/jobs/${jobId}`);
    expect(members(body)).toEqual(['createdAt', 'error', 'jobId', 'status', 'updatedAt']);
    expect(body).toMatchObject({ status: 'failed', error: 'Video codec not supported' });
  });

  it('a cancelled job with its id, status and times only', async () => {
    const jobId = await trim();
    await server.move(jobId, { phase: 'Cancelled', reason: 'Cancelled', finishedAt });
    const { body } = await client.get(`/api/jobs/${jobId}`);
    expect(members(body)).toEqual(['createdAt', 'jobId', 'status', 'updatedAt']);
    expect(body['status']).toBe('cancelled');
  });

  it('401 without a key, and 404 for a job that does not exist or belongs to another owner', async () => {
    const jobId = await trim();
    const other = await server.client('bob');
    expect(await (await fetch(`${server.url}/api/jobs/${jobId}`)).json()).toMatchObject({
      statusCode: 401,
      code: 'UNAUTHORIZED',
    });
    for (const [asking, id] of [
      [client, 'trim-1-nothing'],
      [other, jobId],
      [client, '..%2f..'],
      [client, 'A'.repeat(300)],
    ] as const) {
      const { status, body } = await asking.get(`/api/jobs/${id}`);
      expect(status).toBe(404);
      expect(members(body)).toEqual(['code', 'message', 'statusCode']);
      expect(body).toMatchObject({ statusCode: 404, code: 'NOT_FOUND' });
    }
  });

  it('304 to a client that has this state, and the new state after a change', async () => {
    const jobId = await trim();
    const first = await client.get(`/api/jobs/${jobId}`);
    expect(first.headers.get('cache-control')).toBe('no-store');
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    const again = await client.get(`/api/jobs/${jobId}`, headers);
    expect([again.status, again.text]).toEqual([304, '']);
    await server.move(jobId, running);
    expect((await client.get(`/api/jobs/${jobId}`, headers)).body).toMatchObject({ status: 'active' });
  });
});

describe('GET /api/jobs', () => {
  it('lists the jobs of the key with the documented members in every state', async () => {
    const cleo = await server.client('cleo');
    const make = (operation: string, body: object) => cleo.make(operation, { videoUrl: clip, ...body });
    const queued = await make('mute', {});
    const active = await make('blur', { regions: [{ x: 0, y: 0, width: 8, height: 8 }] });
    const done = await make('speed-ramp', { segments: [{ start: 0, end: 1, speed: 2 }] });
    const lost = await make('trim', { start: 0, end: 1 });
    await server.move(active, { ...running, progress: { percent: 50, step: 'encoding', updatedAt: startedAt } });
    await server.move(done, succeeded);
    await server.move(lost, failed);
    const { body } = await cleo.get('/api/jobs');
    expect(members(body)).toEqual(['activeWorkers', 'isTeamOwner', 'jobs', 'maxWorkers', 'totalWorkers']);
    expect(body).toMatchObject({ activeWorkers: 2, totalWorkers: 4, maxWorkers: 4, isTeamOwner: false });
    const createdAt = anyNumber;
    expect(body['jobs']).toStrictEqual([
      { id: lost, type: 'PEAKO_TRIM', status: 'failed', createdAt },
      {
        id: done,
        type: 'PEAKO_SPEED_RAMP',
        status: 'done',
        progress: 1,
        createdAt,
        outputUrl: `${server.url}/assets/x-1-main.mp4`,
      },
      { id: active, type: 'PEAKO_BLUR', status: 'active', progress: 0.5, createdAt },
      { id: queued, type: 'PEAKO_MUTE', status: 'queued', createdAt },
    ]);
  });

  it('names every operation by its documented type', async () => {
    const dan = await server.client('dan');
    await dan.make('merge', { videoUrls: [clip, clip] });
    await dan.make('add-audio', { videoUrl: clip, audioUrl: clip });
    await dan.make('subtitle', { videoUrl: clip, captions: [{ from: 0, to: 10, text: 'Hello' }] });
    await dan.post('/apis/render-jobs', {
      inputs: [{ name: 'v', asset: 'clip.mp4' }],
      operations: [{ mute: {} }, { trim: { end: 1 } }],
    });
    const { body } = await dan.get('/api/jobs');
    expect(body['jobs']).toMatchObject([
      { type: 'PEAKO_RENDER' },
      { type: 'PEAKO_SUBTITLE' },
      { type: 'PEAKO_ADD_AUDIO' },
      { type: 'PEAKO_MERGE' },
    ]);
  });

  it('shows a team owner the jobs of the namespace, an admin all, and a user its own', async () => {
    const fay = await server.client('fay', 'user', 'team');
    const jobId = await fay.make('mute', { videoUrl: clip });
    const listed = async (owner: string, role: 'user' | 'team-owner' | 'admin', namespace: string) => {
      const { body } = await (await server.client(owner, role, namespace)).get('/api/jobs');
      return { sees: JSON.stringify(body['jobs']).includes(jobId), isTeamOwner: body['isTeamOwner'] };
    };
    expect(await listed('gus', 'user', 'team')).toEqual({ sees: false, isTeamOwner: false });
    expect(await listed('gus', 'team-owner', 'team')).toEqual({ sees: true, isTeamOwner: true });
    expect(await listed('gus', 'team-owner', 'elsewhere')).toEqual({ sees: false, isTeamOwner: true });
    expect(await listed('root', 'admin', 'default')).toEqual({ sees: true, isTeamOwner: true });
  });

  it('links to further pages with a Link header', async () => {
    const hal = await server.client('hal');
    const made = [
      await hal.make('mute', { videoUrl: clip }),
      await hal.make('mute', { videoUrl: clip }),
      await hal.make('mute', { videoUrl: clip }),
    ];
    const ids: unknown[] = [];
    let path: string | undefined = '/api/jobs?limit=2';
    while (path !== undefined) {
      const page = await hal.get(path);
      ids.push(
        ...[page.body['jobs']]
          .flat()
          .map((job) => (typeof job === 'object' && job !== null && 'id' in job ? job.id : job)),
      );
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(ids).toEqual(made.toReversed());
  });
});

describe('DELETE /api/jobs/:jobId', () => {
  const cancel = (jobId: string) => client.send('DELETE', `/api/jobs/${jobId}`);

  it('cancels a queued job, and replies the same when repeated', async () => {
    const jobId = await trim();
    for (let time = 0; time < 2; time += 1) {
      const { status, body } = await cancel(jobId);
      expect([status, body]).toEqual([200, { jobId, status: 'cancelled' }]);
    }
    expect((await server.job(jobId)).spec.cancelled).toBe(true);
    expect((await client.get(`/api/jobs/${jobId}`)).body['status']).toBe('cancelled');
    // Its stage was just being started: what was said stays true.
    await server.move(jobId, running);
    expect((await client.get(`/api/jobs/${jobId}`)).body['status']).toBe('cancelled');
    expect((await cancel(jobId)).status).toBe(200);
  });

  it.each([
    ['active', running],
    ['done', succeeded],
    ['failed', failed],
  ])('rejects the cancel of a job that is %s with 409', async (_name, status) => {
    const jobId = await trim();
    await server.move(jobId, status);
    expect(await cancel(jobId)).toMatchObject({ status: 409, body: { statusCode: 409, code: 'CONFLICT' } });
    expect((await server.job(jobId)).spec.cancelled).toBeUndefined();
  });

  it('answers 404 for the job of another owner and does not change it', async () => {
    const jobId = await trim();
    const other = await server.client('bob');
    expect((await other.send('DELETE', `/api/jobs/${jobId}`)).status).toBe(404);
    expect((await server.job(jobId)).spec.cancelled).toBeUndefined();
  });

  it('either cancels or answers 409 when the job changes at the same time, never both', async () => {
    for (let round = 0; round < 10; round += 1) {
      const jobId = await trim();
      const cancelling = cancel(jobId);
      const moving = server.move(jobId, running).catch(() => undefined);
      const [{ status }] = await Promise.all([cancelling, moving]);
      expect((await server.job(jobId)).spec.cancelled === true).toBe(status === 200);
      await server.move(jobId, { phase: 'Cancelled' });
    }
  });
});
