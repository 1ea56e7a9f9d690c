import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import type { GpuEncode, RateControl } from '../capabilities.ts';
import { parseRateControls } from '../ffmpeg-lists.ts';

const timeoutMs = 20_000;

/**
 * VA-API's encodes with the rate controls that the driver offers for each codec and engine: what FFmpeg logs of them when
 * it opens an encoder. A driver that says nothing leaves them out.
 *
 * @param argumentsOf arguments of a trial of one encode, with `-low_power` after everything about frames
 */
export async function withRateControls(
  encodes: readonly GpuEncode[],
  argumentsOf: (encode: GpuEncode) => readonly string[],
  tools: MediaTools,
  signal: AbortSignal,
): Promise<GpuEncode[]> {
  const asked = new Map<string, readonly RateControl[] | undefined>();
  const keyOf = ({ codec, lowPower }: GpuEncode): string => `${codec} ${lowPower ? 'low' : 'full'}`;
  for (const encode of encodes) {
    if (encode.backend !== 'vaapi' || asked.has(keyOf(encode))) continue;
    const argv = argumentsOf(encode);
    const end = argv.indexOf('-low_power');
    // One frame: of more, the log would push out what is wanted from what is kept of it.
    const short = [
      '-hide_banner',
      '-nostdin',
      '-v',
      'debug',
      ...argv.slice(0, end),
      '-frames:v',
      '1',
      ...argv.slice(end),
    ];
    const { stderr } = await runTool(tools.ffmpeg, short, tools.env, { timeoutMs, outputBytes: 1024, signal });
    asked.set(keyOf(encode), parseRateControls(stderr));
  }
  return encodes.map((encode) => {
    const offered = encode.backend === 'vaapi' ? asked.get(keyOf(encode)) : undefined;
    return { ...encode, ...(offered !== undefined && { rateControls: offered }) };
  });
}
