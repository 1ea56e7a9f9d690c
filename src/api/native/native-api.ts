import type { ApiPlugin } from '../context.ts';
import { requireKey } from '../http/auth.ts';
import { acceptYaml } from '../http/yaml-body.ts';
import { cancelJob } from './routes/cancel-job.ts';
import { createJobRoute } from './routes/create-job.ts';
import { deleteJob } from './routes/delete-job.ts';
import { getJob } from './routes/get-job.ts';
import { jobEventsRoute } from './routes/job-events.ts';
import { jobLogs } from './routes/job-logs.ts';
import { listJobs } from './routes/list-jobs.ts';
import { patchJob } from './routes/patch-job.ts';
import { planJob } from './routes/plan-job.ts';
import { retryJobRoute } from './routes/retry-job.ts';

const routes = [
  createJobRoute,
  planJob,
  listJobs,
  getJob,
  patchJob,
  cancelJob,
  retryJobRoute,
  deleteJob,
  jobLogs,
  jobEventsRoute,
];

/** The Native API: the RenderJob itself, and everything that it supports. */
export const nativeApi: ApiPlugin = async (app, { context }) => {
  app.addHook('onRequest', requireKey(context.services.keys));
  acceptYaml(app);
  for (const register of routes) register(app, context);
};
