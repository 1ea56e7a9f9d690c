import { CodedError } from '../errors.ts';
import { publishedApi } from './openapi.ts';
import { createServer } from './server.ts';
import { type ApiServices, defaultApiOptions } from './services.ts';
import { version } from '../version.ts';

/** Describing the routes calls none of their services; a call would be a defect. */
function uncalled(): never {
  throw new CodedError('INTERNAL_ERROR', 'Expected no request while the API is described, got one');
}

const services: ApiServices = {
  store: {
    create: uncalled,
    get: uncalled,
    list: uncalled,
    count: uncalled,
    patchSpec: uncalled,
    writeStatus: uncalled,
    remove: uncalled,
    finalize: uncalled,
    listExpired: uncalled,
    watch: uncalled,
    health: uncalled,
  },
  runner: { logs: uncalled, slots: uncalled, observe: uncalled },
  bus: { publish: uncalled, subscribe: uncalled, latest: uncalled, forget: uncalled },
  objects: {
    stat: uncalled,
    read: uncalled,
    stage: uncalled,
    publish: uncalled,
    discard: uncalled,
    remove: uncalled,
    list: uncalled,
    urlFor: uncalled,
  },
  keys: { add: uncalled, get: uncalled, list: uncalled, revoke: uncalled },
  assets: { add: uncalled, get: uncalled, list: uncalled, remove: uncalled },
  clock: { now: uncalled, monotonic: () => 0, sleep: uncalled },
  plan: uncalled,
  checkSource: uncalled,
  health: uncalled,
};

/** The OpenAPI 3.1 document that `/openapi.json` answers, without a running server: the same on every machine. */
export async function buildOpenApi(): Promise<Record<string, unknown>> {
  const app = createServer(services, { ...defaultApiOptions, version });
  await app.ready();
  try {
    return publishedApi(app);
  } finally {
    await app.close();
  }
}
