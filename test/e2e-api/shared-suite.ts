import { afterAll, beforeAll, describe } from 'vitest';
import type { Client } from '../support/api-server.ts';
import { testClip } from '../support/test-clip.ts';
import { accessSuite } from './access-suite.ts';
import { jobsSuite } from './jobs-suite.ts';
import { liveSuite } from './live-suite.ts';
import { rendersSuite } from './renders-suite.ts';
import { clientOf, type MadeKey, makeKey, upload, type World } from './world.ts';

/** An installation with people, and files of theirs. */
export interface Scene {
  readonly world: World;
  readonly ann: Client;
  readonly bob: Client;
  /** The team owner of both. */
  readonly boss: Client;
  readonly admin: Client;
  /** An uploaded file of ann's: one second. */
  readonly clip: string;
  /** The same, long enough to be seen rendering. */
  readonly film: string;
  /** A key to be revoked. */
  readonly spare: MadeKey;
}

/**
 * What every installation does the same, on one machine and in a cluster: one suite, run against each.
 *
 * @param more what this one does besides
 */
export function sharedApi(
  name: string,
  open: () => Promise<World>,
  more: (scene: () => Scene) => void = () => undefined,
): void {
  describe(`the API of ${name}`, () => {
    const stack = new AsyncDisposableStack();
    let scene: Scene;

    beforeAll(async () => {
      const world = stack.use(await open());
      const [annKey, bobKey, bossKey, adminKey, spare] = await Promise.all([
        makeKey(world, 'ann', 'user'),
        makeKey(world, 'bob', 'user'),
        makeKey(world, 'boss', 'team-owner'),
        makeKey(world, 'root', 'admin'),
        makeKey(world, 'ann', 'user'),
      ]);
      const ann = await clientOf(world.url, annKey);
      scene = {
        world,
        ann,
        bob: await clientOf(world.url, bobKey),
        boss: await clientOf(world.url, bossKey),
        admin: await clientOf(world.url, adminKey),
        clip: await upload(ann, await testClip({ seconds: 1 }), 'clip.mp4'),
        film: await upload(ann, await testClip({ seconds: 15, width: 640, height: 360 }), 'film.mp4'),
        spare,
      };
    }, 180_000);
    afterAll(() => stack.disposeAsync());

    const at = (): Scene => scene;
    accessSuite(at);
    jobsSuite(at);
    rendersSuite(at);
    liveSuite(at);
    more(at);
  });
}
