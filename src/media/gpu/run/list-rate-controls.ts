import { runTool } from '../../ffmpeg/run/run-tool.ts';
import type { GpuEncode, RateControl } from '../capabilities.ts';
import { parseRateControls } from '../ffmpeg-lists.ts';
import { trialArguments } from '../trial-arguments.ts';
import { type TrialDevice, trialTimeoutMs } from './open-device.ts';

/**
 * VA-API's encodes with the rate controls that the driver offers for each codec and engine: FFmpeg logs them when it opens
 * an encoder. They are absent where the log does not list them.
 */
export async function withRateControls(encodes: readonly GpuEncode[], device: TrialDevice): Promise<GpuEncode[]> {
  const listed = new Map<string, readonly RateControl[] | undefined>();
  const keyOf = ({ codec, lowPower }: GpuEncode): string => `${codec} ${lowPower ? 'low' : 'full'}`;
  for (const encode of encodes) {
    if (encode.backend !== 'vaapi' || listed.has(keyOf(encode))) continue;
    listed.set(keyOf(encode), await rateControlsOf(encode, device));
  }
  return encodes.map((encode) => {
    const offered = encode.backend === 'vaapi' ? listed.get(keyOf(encode)) : undefined;
    return { ...encode, ...(offered !== undefined && { rateControls: offered }) };
  });
}

async function rateControlsOf(
  encode: GpuEncode,
  { node, tools, signal }: TrialDevice,
): Promise<readonly RateControl[] | undefined> {
  // One frame: with more of them, the list would no longer be in the part of the log that is kept.
  const argv = ['-hide_banner', '-nostdin', '-v', 'debug', ...trialArguments(node, encode, { frames: 1 })];
  const limits = { timeoutMs: trialTimeoutMs, outputBytes: 1024, signal };
  const { stderr } = await runTool(tools.ffmpeg, argv, tools.env, limits);
  return parseRateControls(stderr);
}
