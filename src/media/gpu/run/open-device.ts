import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { type DeviceOpening, parseOpening } from '../device-opening.ts';
import { vaDevice } from '../trial-arguments.ts';

/** Opening a device and each trial encode take well under a second; a driver that hangs is not usable. */
export const trialTimeoutMs = 20_000;

/** A render node, and the programs that open it. */
export interface TrialDevice {
  readonly node: string;
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
}

/**
 * Opens a render node for VA-API and, where FFmpeg has Quick Sync, a session on it: one short process that decides
 * whether any trial encode is worth its time, and shows the versions of VA driver and runtime.
 */
export async function openDevice(
  { node, tools, signal }: TrialDevice,
  { quickSync }: { readonly quickSync: boolean },
): Promise<DeviceOpening> {
  const session = quickSync ? ['-init_hw_device', 'qsv=qs@va'] : [];
  const frame = ['-f', 'lavfi', '-i', 'color=black:s=64x64', '-frames:v', '1', '-f', 'null', '-'];
  const fixed = ['-hide_banner', '-nostdin', '-nostats', '-v', 'verbose', '-xerror'];
  const argv = [...fixed, ...vaDevice(node), ...session, ...frame];
  const run = await runTool(tools.ffmpeg, argv, tools.env, { timeoutMs: trialTimeoutMs, outputBytes: 1024, signal });
  return parseOpening({ exitCode: run.exitCode, stderr: run.stderr, timedOut: run.exceeded === 'time' });
}
