import { createServer } from '../src/api/server.ts';
import { type ApiServices, defaultApiOptions } from '../src/api/services.ts';
import { publishedApi } from '../src/api/system/openapi.ts';
import { systemClock } from '../src/lib/system-clock.ts';
import { version } from '../src/lib/version.ts';

/** The routes are only described here, never served: whatever one of them needed would be a mistake of ours. */
function notServed(): never {
  throw new Error('Expected routes to be described only, got a request');
}

const rejected = async (): Promise<never> => notServed();

const services: ApiServices = {
  store: {
    create: rejected,
    get: rejected,
    list: rejected,
    count: rejected,
    listExpired: rejected,
    patchSpec: rejected,
    writeStatus: rejected,
    remove: rejected,
    finalize: rejected,
    watch: notServed,
    health: () => ({ synced: false, lastContactMs: 0 }),
  },
  runner: { logs: notServed, observe: rejected },
  bus: { publish: notServed, subscribe: notServed, latest: notServed, forget: notServed },
  objects: {
    stat: rejected,
    read: rejected,
    createUpload: rejected,
    publish: rejected,
    discard: rejected,
    remove: rejected,
    list: notServed,
    urlFor: rejected,
  },
  keys: { add: rejected, get: rejected, list: rejected, revoke: rejected },
  assets: { add: rejected, get: rejected, list: rejected, remove: rejected },
  clock: systemClock,
  plan: rejected,
  checkSource: rejected,
  health: rejected,
};

/** The OpenAPI document of the REST API, as `/openapi.json` answers it. */
export async function openApiDocument(): Promise<Record<string, unknown>> {
  const app = createServer(services, { ...defaultApiOptions, version });
  await app.ready();
  const document = publishedApi(app);
  await app.close();
  return document;
}
