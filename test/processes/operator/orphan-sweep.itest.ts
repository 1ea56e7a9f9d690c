import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../../src/adapters/object-store/directory-store.ts';
import { installationsOf, publishingAs } from '../../../src/adapters/object-store/installations.ts';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { SqliteJobStore } from '../../../src/adapters/sqlite/sqlite-job-store.ts';
import { allJobs } from '../../../src/controller/cleanup/all-jobs.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import { outputKey, reportKey } from '../../../src/model/job/output-keys.ts';
import type { Upload } from '../../../src/ports/object-store.ts';
import { type OrphanSweep, sweepOrphanedFiles } from '../../../src/processes/operator/orphan-sweep.ts';

const [removed, upload] = ['00000000-0000-4000-8000-00000000dead', '00000000-0000-4000-8000-0000000000aa.mp4'];
const day = 24 * 3_600_000;

describe('files that killed operators have left', () => {
  let folder: string;
  let store: SqliteJobStore;
  let objects: DirectoryStore;
  let stack: AsyncDisposableStack;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    folder = await mkdtemp(join(tmpdir(), 'framewright-left-'));
    stack.defer(() => rm(folder, { recursive: true }));
    store = new SqliteJobStore(stack.use(Database.open(join(folder, 'db'))), { clock, defaultTtlSeconds: 60 });
    objects = new DirectoryStore({ dir: join(folder, 'objects') });
  });
  afterEach(() => stack.disposeAsync());

  /** A file that a worker of `installation` has published, some time ago. */
  async function publish(key: string, { installation = 'here', ageMs = 2 * day } = {}): Promise<string> {
    const publisher = publishingAs(objects, installation);
    const upload = await publisher.createUpload(key);
    await writeFile(upload.path, 'frames');
    await publisher.publish(upload);
    const at = new Date(Date.now() - ageMs);
    await utimes((await objects.localPath(key)) ?? '', at, at);
    return key;
  }
  const published = async (): Promise<string[]> =>
    (await Array.fromAsync(objects.list(''))).map(({ key }) => key).filter((key) => !key.startsWith('installations/'));
  const clean = (installation: string | undefined = 'here'): Promise<OrphanSweep> =>
    sweepOrphanedFiles(objects, store, { installation, olderThan: Date.now() - day });

  it('are removed where no other installation publishes: outputs and reports of removed jobs, nothing else', async () => {
    const { job } = await store.create({
      namespace: 'n',
      name: 'existing',
      spec: { inputs: [{ name: 'a', file: 'a' }] },
    });
    const kept = [
      await publish(outputKey({ uid: job.metadata.uid, attempt: 1 }, 'main', 'mp4')),
      await publish(upload),
      await publish('notes.txt'),
    ];
    await publish(outputKey({ uid: removed, attempt: 1 }, 'main', 'mp4'));
    await publish(reportKey({ uid: removed, attempt: 2 }));
    expect(await clean()).toEqual({ outputs: 0, removed: 1, kept: 0 });
    expect(await published()).toEqual(kept.toSorted());
    expect(await clean()).toEqual({ outputs: 0, removed: 0, kept: 0 });
  });

  it('are kept while another installation publishes too', async () => {
    const ours = await publish(outputKey({ uid: removed, attempt: 1 }, 'main', 'mp4'));
    await publish('of-theirs.mp4', { installation: 'elsewhere' });
    expect(await clean()).toEqual({ outputs: 0, removed: 0, kept: 1 });
    expect(await published()).toContain(ours);
    await objects.remove('installations/elsewhere');
    expect(await clean()).toEqual({ outputs: 0, removed: 1, kept: 0 });
    expect(await published()).not.toContain(ours);
  });

  it('are compared with all jobs, however many pages they take', async () => {
    const spec = { inputs: [{ name: 'a', file: 'a' }] };
    const uids = await Promise.all(
      Array.from(
        { length: 5 },
        async (_, n) => (await store.create({ namespace: 'n', name: `j${n}`, spec })).job.metadata.uid,
      ),
    );
    for (const size of [1, 2, 5, 200]) {
      const found = (await Array.fromAsync(allJobs(store, size))).map(({ metadata }) => metadata.uid);
      expect(found.toSorted()).toEqual(uids.toSorted());
    }
  });

  it('are kept for a day, and where the name of the installation is unknown', async () => {
    await publish(outputKey({ uid: removed, attempt: 1 }, 'main', 'mp4'));
    const nameless = await sweepOrphanedFiles(objects, store, { installation: undefined, olderThan: Infinity });
    expect(nameless).toEqual({ outputs: 0, removed: 0, kept: 1 });
    await publish(outputKey({ uid: removed, attempt: 2 }, 'main', 'mp4'), { ageMs: 1_000 });
    expect(await clean()).toEqual({ outputs: 0, removed: 0, kept: 0 });
    expect(await published()).toHaveLength(2);
  });

  it('have the name of their installation before the first file, with many concurrent publishers', async () => {
    const names = await Promise.all(
      Array.from({ length: 20 }, (_, n) => publish(`${n}.mp4`, { installation: n % 2 === 0 ? 'here' : 'elsewhere' })),
    );
    expect((await installationsOf(objects)).toSorted()).toEqual(['elsewhere', 'here']);
    expect((await published()).toSorted()).toEqual(names.toSorted());
    expect(await objects.sweep(Infinity)).toBe(0);
  });

  it('are not published when the name of their installation cannot be written', async () => {
    // A file instead of the folder of the names.
    await objects.publish(await createUpload('installations'));
    await expect(publish('clip.mp4')).rejects.toThrow(/installations\/here/);
    expect(await published()).toEqual(['installations']);
  });

  async function createUpload(key: string): Promise<Upload> {
    const object = await objects.createUpload(key);
    await writeFile(object.path, 'no folder');
    return object;
  }
});
