import { Standalone } from '../support/standalone.ts';
import type { World } from './world.ts';

/** `framewright standalone` on this machine. */
export async function singleBoxWorld(): Promise<World> {
  const server = await Standalone.start({ workers: 2 });
  return {
    url: server.url,
    files: `${server.url}/assets/`,
    keyArguments: ['--data', server.dataDir],
    takes: [],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
