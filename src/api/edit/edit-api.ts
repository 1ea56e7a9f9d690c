import type { ApiPlugin } from '../context.ts';
import { requireKey } from '../http/auth.ts';
import { cancelJob } from './routes/cancel-job.ts';
import { deprecatedRoutes } from './routes/deprecated.ts';
import { getJob } from './routes/get-job.ts';
import { health } from './routes/health.ts';
import { listJobs } from './routes/list-jobs.ts';
import { operations } from './routes/operations.ts';
import { unsupportedRoutes } from './routes/unsupported.ts';

/** The Edit API: one operation per job, and the health of the installation. */
export const editApi: ApiPlugin = async (app, { context }) => {
  health(app, context);
  await app.register(withKey, { prefix: '/api', context });
};

const routes = [operations, getJob, listJobs, cancelJob, unsupportedRoutes];

const withKey: ApiPlugin = async (app, { context }) => {
  app.addHook('onRequest', requireKey(context.services.keys));
  for (const register of routes) register(app, context);
  if (context.options.deprecated.enabled) await app.register(deprecatedRoutes, { prefix: '/v1', context });
};
