import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createRuntimeMetrics } from '../../../../src/adapters/kubernetes/client/metrics.ts';
import { WorkQueue } from '../../../../src/controller/work-queue.ts';
import { systemClock } from '../../../../src/lib/system-clock.ts';

it('the metrics have the names of controller-runtime and client-go', async () => {
  const registry = new Registry();
  const metrics = createRuntimeMetrics(registry, '10.0.0.1:443');
  const gate = Promise.withResolvers<void>();
  const handled = Promise.withResolvers<void>();
  const { observer } = metrics.controller('renderjob', () => queue);
  const queue: WorkQueue = new WorkQueue(
    async (key) => {
      if (key === 'bad') throw new Error('bad');
      handled.resolve();
      await gate.promise;
    },
    { clock: systemClock, concurrency: 1, observer, baseDelayMs: 60_000 },
  );
  queue.add('bad', 'ended');
  queue.add('good');
  queue.add('waits', 'resync');
  await handled.promise;
  metrics.answered({ method: 'GET', code: '200', seconds: 0.01 });
  metrics.answered({ method: 'PUT', code: '<error>', seconds: 0.01 });
  metrics.leading('operator', true);
  const text = await registry.metrics();
  gate.resolve();
  await queue.close();
  for (const line of [
    'controller_runtime_reconcile_total{controller="renderjob",result="error"} 1',
    'controller_runtime_reconcile_errors_total{controller="renderjob"} 1',
    'controller_runtime_reconcile_time_seconds_count{controller="renderjob"} 1',
    'controller_runtime_active_workers{controller="renderjob"} 1',
    'workqueue_adds_total{name="renderjob"} 3',
    'workqueue_retries_total{name="renderjob"} 1',
    'workqueue_depth{name="renderjob"} 1',
    'workqueue_queue_duration_seconds_count{name="renderjob"} 2',
    'workqueue_work_duration_seconds_count{name="renderjob"} 1',
    'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 1',
    'rest_client_requests_total{code="<error>",method="PUT",host="10.0.0.1:443"} 1',
    'leader_election_master_status{name="operator"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toMatch(/workqueue_longest_running_processor_seconds\{name="renderjob"\} 0\.?\d*/);
});
