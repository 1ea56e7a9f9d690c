import type { Config } from '../../config/load-config.ts';
import { intelVendor } from '../../media/gpu/gpu-generation.ts';
import { detectCapabilities } from '../../media/gpu/run/detect-capabilities.ts';
import { listRenderNodes } from '../../media/gpu/run/render-nodes.ts';
import { unfinishedPhases } from '../../model/status/lifecycle.ts';
import type { HealthFacts } from '../../observability/health.ts';
import type { JobStore } from '../../ports/job-store.ts';
import { deviceFolders, mediaToolsOf } from '../media-tools.ts';

/** How long the trials of this machine may take. */
const detectionMs = 30_000;

/** What `/health` of a single machine reports. */
export async function standaloneHealth(
  { media, server, standalone }: Pick<Config, 'media' | 'server' | 'standalone'>,
  { store, cacheDir }: { readonly store: Pick<JobStore, 'health' | 'count'>; readonly cacheDir: string },
): Promise<HealthFacts> {
  const { workers } = standalone;
  const folders = deviceFolders(media);
  const signal = AbortSignal.timeout(detectionMs);
  const capabilities = await detectCapabilities({ tools: mediaToolsOf(media), folders, signal, cacheDir }).catch(
    () => undefined,
  );
  const qsv = capabilities?.devices.some(({ encodes }) => encodes.some(({ backend }) => backend !== 'vaapi')) ?? false;
  const hasIntelNode = async (): Promise<boolean> =>
    (await listRenderNodes(folders)).some(({ vendor }) => vendor === intelVendor);
  const storeOk = store.health().synced;
  const canRun = capabilities !== undefined && workers > 0;
  return {
    storeOk,
    qsv,
    qsvExpected: server.expectQsv === 'always' || (server.expectQsv === 'auto' && (await hasIntelNode())),
    canRun,
    workers: canRun ? workers : 0,
    busyWorkers: storeOk ? Math.min(workers, await store.count({ phases: ['Running'] })) : 0,
    maxWorkers: workers,
    queued: storeOk ? await store.count({ phases: unfinishedPhases }) : 0,
  };
}
