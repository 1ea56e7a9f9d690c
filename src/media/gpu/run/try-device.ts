import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { z } from 'zod';
import { pathExists } from '../../ffmpeg/run/path-exists.ts';
import type { MediaTools } from '../../ffmpeg/run/run-tool.ts';
import { driverSettings } from '../../ffmpeg/run/tool-environment.ts';
import { rateControls } from '../capabilities.ts';
import type { DeviceTrials, NodeFacts } from '../device-facts.ts';
import { memoizeOnDisk } from './disk-cache.ts';
import { openDevice } from './open-device.ts';
import { openErrorOf, type RenderNode } from './render-nodes.ts';
import { runTrialEncodes } from './trial-encodes.ts';

/** The FFmpeg that tries a device, and where results are kept. */
interface TrialContext {
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
  readonly cacheDir?: string;
  /** What FFmpeg prints about itself. */
  readonly banner: string;
  readonly encoders: ReadonlySet<string>;
}

const gpuEncode = z.object({
  backend: z.enum(['qsv-full', 'qsv-encode', 'vaapi']),
  codec: z.enum(['h264', 'hevc', 'av1', 'vp9']),
  bitDepth: z.union([z.literal(8), z.literal(10)]),
  lowPower: z.boolean(),
  rateControls: z.array(z.enum(rateControls)).exactOptional(),
});

const cachedTrials = z.object({
  encodes: z.array(gpuEncode),
  failed: z.array(gpuEncode.extend({ error: z.string() })),
  lowPowerNeedsHuc: z.boolean(),
  hangs: z.boolean(),
}) satisfies z.ZodType<DeviceTrials>;

/** What is known of a node without opening it. */
export function factsOf({ accessError, problem: _problem, ...listed }: RenderNode): NodeFacts {
  return { ...listed, ...(accessError !== undefined && { openError: accessError }) };
}

/** Opens a device and runs trial encodes on it. It is opened every time: cached results are those of the current drivers. */
export async function tryDevice(listed: RenderNode, context: TrialContext): Promise<NodeFacts> {
  const { tools, signal, encoders } = context;
  const device = { node: listed.node, tools, signal };
  const quickSync = [...encoders].some((name) => name.endsWith('_qsv'));
  const opening = await openDevice(device, { quickSync });
  const { vaDriverFile } = opening;
  const vaDriverExists = vaDriverFile !== undefined && (await pathExists(vaDriverFile));
  const facts = { ...factsOf(listed), opening, ...(vaDriverFile !== undefined && { vaDriverExists }) };
  if (opening.vaError !== undefined) {
    const openError = await openErrorOf(listed.node);
    return { ...facts, ...(openError !== undefined && { openError }) };
  }
  const identity = await identityOf(facts, context);
  const trials = await memoizeOnDisk(context.cacheDir, identity, cachedTrials, async () => {
    // Without a session no trial encode on Quick Sync can succeed.
    const tried = [...encoders].filter((name) => opening.sessionError === undefined || !name.endsWith('_qsv'));
    const value = await runTrialEncodes(new Set(tried), device);
    // A device on which nothing works may only be busy or starting: it is tried again next time.
    return { value, keep: value.encodes.length > 0 && !value.hangs };
  });
  return { ...facts, trials };
}

/** Everything on which the results of trial encodes depend. */
async function identityOf(
  { node, vendor, device, driver, opening }: NodeFacts,
  { tools, banner }: TrialContext,
): Promise<readonly unknown[]> {
  // Firmware and kernel parameters change with a restart.
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
  const machine = [release(), bootId, driverSettings(tools.env)];
  return ['trials', tools.ffmpeg, banner, node, vendor, device, driver, machine, opening];
}
