import { z } from 'zod';
import type { HealthFacts } from '../services.ts';

export const health = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  qsv: z.boolean().describe('An Intel Quick Sync encoder is available.'),
  redis: z.boolean().describe('The job queue behind the API (here the job store) is healthy.'),
  workers: z.int().min(0).describe('Workers that can take jobs.'),
  queued: z.int().min(0).describe('Jobs that are waiting or being processed.'),
  uptime: z.int().min(0).describe('Seconds since the server started.'),
  error: z.string().optional().describe('Why the status is degraded; present only then.'),
  nats: z.boolean().nullable().describe('The progress bus is connected; null where the installation has none.'),
  kubernetes: z.boolean().nullable().describe('The Kubernetes API answers; null where the installation uses none.'),
  version: z.string().describe('Version of the server.'),
});
type Health = z.output<typeof health>;

function* problems(facts: HealthFacts): Generator<string> {
  if (!facts.storeOk) yield 'Job store unavailable';
  if (facts.qsvExpected && !facts.qsv) yield 'QSV hardware encoder unavailable';
  if (!facts.canRun) yield 'No render worker can run';
  if (facts.operator === false) yield 'No operator is the leader: jobs wait';
  if (facts.nats === false) yield 'Progress bus unavailable';
  if (facts.kubernetes === false) yield 'Kubernetes API unavailable';
}

/** Degraded when the store is down, no worker can run, or QSV is missing where the installation expects it. */
export function viewHealth(facts: HealthFacts, uptimeSeconds: number, version: string): Health {
  const error = [...problems(facts)].join('; ');
  return {
    status: error === '' ? 'ok' : 'degraded',
    qsv: facts.qsv,
    redis: facts.storeOk,
    workers: facts.canRun ? facts.workers : 0,
    queued: facts.queued,
    uptime: Math.floor(uptimeSeconds),
    ...(error !== '' && { error }),
    nats: facts.nats ?? null,
    kubernetes: facts.kubernetes ?? null,
    version,
  };
}
