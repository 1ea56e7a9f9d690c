import { describe, expect, it } from 'vitest';
import { orphanedObjects } from '../../../src/controller/cleanup/orphaned-objects.ts';
import { aJob, aResult, aStatus } from '../../support/jobs.ts';

const uid = aJob().metadata.uid;
const unknownUid = '00000000-0000-4000-8000-00000000dead';

describe('orphaned objects', () => {
  it('are files of jobs that do not exist', async () => {
    expect(await orphanedObjects([`${unknownUid}-1-main.mp4`], [aJob()])).toEqual([`${unknownUid}-1-main.mp4`]);
  });

  it('are not files of unknown jobs in a shared store', async () => {
    const job = aJob({}, aStatus({ phase: 'Failed' }));
    const keys = [`${unknownUid}-1-main.mp4`, `${uid}-1-main.mp4`];
    expect(await orphanedObjects(keys, [job], { shared: true })).toEqual([`${uid}-1-main.mp4`]);
  });

  it('are never uploads or files with other keys', async () => {
    expect(await orphanedObjects([`${unknownUid}.mp4`, 'notes.txt', `reports/${unknownUid}-1.json`], [])).toEqual([]);
  });

  it('are files of attempts before the present one', async () => {
    const job = aJob({}, aStatus({ phase: 'Running', attempt: 2 }));
    expect(await orphanedObjects([`${uid}-1-main.mp4`, `${uid}-2-main.mp4`, `${uid}-3-main.mp4`], [job])).toEqual([
      `${uid}-1-main.mp4`,
    ]);
  });

  it('are files of other attempts than that of the result, whose segments are not listed', async () => {
    const result = aResult({
      outputs: [{ name: 'main', kind: 'video', key: `${uid}-2-main.mp4`, mediaType: 'video/mp4', bytes: 1 }],
    });
    const job = aJob({}, aStatus({ phase: 'Succeeded', attempt: 2, result: { outputs: result.outputs ?? [] } }));
    const keys = [`${uid}-1-main.mp4`, `${uid}-1-video_a_1.m4s`, `${uid}-2-main.mp4`, `${uid}-2-video_a_1.m4s`];
    expect(await orphanedObjects(keys, [job])).toEqual([`${uid}-1-main.mp4`, `${uid}-1-video_a_1.m4s`]);
  });

  it('are all files of a job that failed', async () => {
    const job = aJob({}, aStatus({ phase: 'Failed', attempt: 1 }));
    expect(await orphanedObjects([`${uid}-1-video_a_1.m4s`], [job])).toEqual([`${uid}-1-video_a_1.m4s`]);
  });
});
