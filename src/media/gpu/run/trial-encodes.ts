import { runTool, type ToolRun } from '../../ffmpeg/run/run-tool.ts';
import type { GpuEncode } from '../capabilities.ts';
import type { DeviceTrials, FailedTrial } from '../device-facts.ts';
import { constantQuantizer, trialArguments } from '../trial-arguments.ts';
import { withRateControls } from './list-rate-controls.ts';
import { type TrialDevice, trialTimeoutMs } from './open-device.ts';

const codecs = ['h264', 'hevc', 'av1', 'vp9'] as const;
/** After so many trial encodes that did not end the rest is not run: each of them would take its whole time. */
const hangsAllowed = 2;
/** A GPU serves several sessions, and most of the time of a trial encode is its start. */
const parallelTrials = 2;

/** One codec on one engine through one interface: its bit depths, of which a deeper one is never offered alone. */
interface TrialSeries {
  readonly family: 'qsv' | 'vaapi';
  readonly codec: GpuEncode['codec'];
  readonly lowPower: boolean;
  readonly depths: readonly GpuEncode['bitDepth'][];
}

/**
 * The combinations of backend, codec, bit depth and low power with which a short encode on the device succeeds. Nothing
 * else is reliable: what the runtime lists and what it accepts differ between generations, drivers and kernels.
 *
 * An encode behind the GPU's own filter covers the plain one, since all that the plain one needs is part of it.
 *
 * @param encoders Names of FFmpeg's encoders; only those are tried.
 */
export async function runTrialEncodes(encoders: ReadonlySet<string>, device: TrialDevice): Promise<DeviceTrials> {
  const encodes: GpuEncode[] = [];
  const failed: FailedTrial[] = [];
  let hangs = 0;
  const succeeds = async (candidate: GpuEncode): Promise<boolean> => {
    const run = await runTrial(trialArguments(device.node, candidate), device);
    if (run.exceeded === 'time') hangs += 1;
    if (run.exitCode !== 0) failed.push({ ...candidate, error: firstLine(run) });
    return run.exitCode === 0;
  };
  const trySeries = async ({ family, codec, lowPower, depths }: TrialSeries): Promise<void> => {
    for (const bitDepth of depths) {
      const backends = family === 'qsv' ? (['qsv-full', 'qsv-encode'] as const) : (['vaapi'] as const);
      let works = false;
      for (const backend of backends) {
        const candidate: GpuEncode = { backend, codec, bitDepth, lowPower };
        works ||= hangs < hangsAllowed && (await succeeds(candidate));
        if (works) encodes.push(candidate);
      }
      if (!works) return;
    }
  };
  await forEach(seriesOf(encoders), parallelTrials, trySeries);
  return {
    encodes: await withRateControls(inOrder(encodes), device),
    failed: inOrder(failed),
    lowPowerNeedsHuc: await acceptsQuantizerOnly({ encodes, failed }, device),
    hangs: hangs > 0,
  };
}

/**
 * Whether the low-power engine accepts a constant quantizer after it rejected a bit rate: its rate control runs in HuC
 * firmware (github.com/intel/media-driver, known issues), which is then not loaded.
 */
async function acceptsQuantizerOnly(
  { encodes, failed }: Pick<DeviceTrials, 'encodes' | 'failed'>,
  device: TrialDevice,
): Promise<boolean> {
  const works = encodes.some(({ backend, lowPower }) => backend === 'qsv-encode' && lowPower);
  const candidate = failed.find(
    ({ backend, lowPower, codec }) => backend === 'qsv-encode' && lowPower && codec !== 'av1',
  );
  if (works || candidate === undefined) return false;
  const run = await runTrial(trialArguments(device.node, candidate, { rate: constantQuantizer }), device);
  return run.exitCode === 0;
}

function seriesOf(encoders: ReadonlySet<string>): TrialSeries[] {
  return (['qsv', 'vaapi'] as const).flatMap((family) =>
    codecs
      .filter((codec) => encoders.has(`${codec}_${family}`))
      .flatMap((codec) =>
        [true, false].map((lowPower) => {
          return { family, codec, lowPower, depths: codec === 'h264' ? ([8] as const) : ([8, 10] as const) };
        }),
      ),
  );
}

/** Trial encodes end in any order; their results are listed in a fixed one. */
function inOrder<T extends GpuEncode>(found: readonly T[]): T[] {
  const rank = ({ backend, codec, bitDepth, lowPower }: GpuEncode): number =>
    ['qsv-encode', 'qsv-full', 'vaapi'].indexOf(backend) * 100 +
    codecs.indexOf(codec) * 10 +
    (bitDepth === 10 ? 2 : 0) +
    (lowPower ? 0 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b));
}

async function forEach<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  // One iterator for all: each takes the next item that is left.
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

function runTrial(argv: readonly string[], { tools, signal }: TrialDevice): Promise<ToolRun> {
  const fixed = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror'];
  const limits = { timeoutMs: trialTimeoutMs, outputBytes: 1024, signal };
  return runTool(tools.ffmpeg, [...fixed, ...argv], tools.env, limits);
}

function firstLine({ stderr, exceeded, signal }: ToolRun): string {
  if (exceeded === 'time') return `did not end within ${trialTimeoutMs / 1000} s`;
  const line = stderr.split('\n').find((text) => text.trim() !== '');
  return line?.replace(/ @ 0x[0-9a-f]+\]/, ']').slice(0, 120) ?? `ended by ${signal ?? 'an error'}`;
}
