import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { type DeviceOpening, parseOpening } from '../device-opening.ts';
import { trialTimeoutMs, vaDevice } from './prove-encodes.ts';

/**
 * Opens a render node for VA-API and, where FFmpeg has Quick Sync, a session on it: one short process that decides
 * whether any trial encode is worth its time, and tells the versions of VA driver and runtime.
 */
export async function openDevice(
  node: string,
  { quickSync }: { readonly quickSync: boolean },
  tools: MediaTools,
  signal: AbortSignal,
): Promise<DeviceOpening> {
  const session = quickSync ? ['-init_hw_device', 'qsv=qs@va'] : [];
  const frame = ['-f', 'lavfi', '-i', 'color=black:s=64x64', '-frames:v', '1', '-f', 'null', '-'];
  const fixed = ['-hide_banner', '-nostdin', '-nostats', '-v', 'verbose', '-xerror'];
  const argv = [...fixed, ...vaDevice(node), ...session, ...frame];
  const run = await runTool(tools.ffmpeg, argv, tools.env, { timeoutMs: trialTimeoutMs, outputBytes: 1024, signal });
  return parseOpening({ exitCode: run.exitCode, stderr: run.stderr, timedOut: run.exceeded === 'time' });
}
