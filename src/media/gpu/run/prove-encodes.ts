import { type MediaTools, runTool, type ToolRun } from '../../ffmpeg/run/run-tool.ts';
import type { GpuEncode } from '../capabilities.ts';
import type { DeviceTrials } from '../device-facts.ts';
import { withRateControls } from './ask-rate-controls.ts';

const codecs = ['h264', 'hevc', 'av1', 'vp9'] as const;
const video = 'color=black:s=1280x720:r=30';
/** A trial takes well under a second; a driver that hangs is not usable. */
export const trialTimeoutMs = 20_000;
/** After so many trials without an end the rest is left out: each of them would take its whole time. */
const hangsAllowed = 2;
/** Trials at a time: a GPU serves several sessions, and most of a trial's time is its start. */
const atOnce = 2;

/** One codec on one engine through one interface: its bit depths, of which a deeper one is never offered alone. */
interface Line {
  readonly family: 'qsv' | 'vaapi';
  readonly codec: GpuEncode['codec'];
  readonly lowPower: boolean;
  readonly depths: readonly GpuEncode['bitDepth'][];
}

/**
 * The combinations of backend, codec, bit depth and low power of which a short encode on the device succeeds. Nothing else
 * is proof: what the runtime lists and what it takes differ between generations, drivers and kernels.
 *
 * An encode behind the GPU's own filter proves the plain one too, since all that the plain one needs is part of it.
 */
export async function proveEncodes(
  node: string,
  encoders: ReadonlySet<string>,
  tools: MediaTools,
  signal: AbortSignal,
): Promise<DeviceTrials> {
  const proved: GpuEncode[] = [];
  const refused: (GpuEncode & { said: string })[] = [];
  let hangs = 0;
  const attempt = async (candidate: GpuEncode): Promise<boolean> => {
    const run = await trial(trialArguments(node, candidate), tools, signal);
    if (run.exceeded === 'time') hangs += 1;
    if (run.exitCode !== 0) refused.push({ ...candidate, said: firstLine(run) });
    return run.exitCode === 0;
  };
  const proveLine = async ({ family, codec, lowPower, depths }: Line): Promise<void> => {
    for (const bitDepth of depths) {
      const backends = family === 'qsv' ? (['qsv-full', 'qsv-encode'] as const) : (['vaapi'] as const);
      let works = false;
      for (const backend of backends) {
        if (works) proved.push({ backend, codec, bitDepth, lowPower });
        else if (hangs < hangsAllowed && (await attempt({ backend, codec, bitDepth, lowPower }))) {
          proved.push({ backend, codec, bitDepth, lowPower });
          works = true;
        }
      }
      if (!works) return;
    }
  };
  await forEach(lines(encoders), atOnce, proveLine);
  return {
    encodes: await withRateControls(inOrder(proved), (encode) => trialArguments(node, encode), tools, signal),
    refused: inOrder(refused),
    lowPowerNeedsHuc: await takesQuantizerOnly(node, refused, proved, tools, signal),
    hangs: hangs > 0,
  };
}

/** As jobs ask for it. Without it FFmpeg takes a constant quantizer, which is no proof: see `takesQuantizerOnly`. */
const bitRate = ['-b:v', '2M', '-maxrate', '4M'];

/** Arguments of one trial: 30 black frames, for qsv-full through the GPU's filter too; decoders are tried by the jobs. */
export function trialArguments(node: string, { backend, codec, bitDepth, lowPower }: GpuEncode): string[] {
  const format = bitDepth === 10 ? 'p010le' : 'nv12';
  const source = ['-f', 'lavfi', '-i', video, '-frames:v', '30'];
  const power = ['-low_power', lowPower ? '1' : '0', ...bitRate, '-f', 'null', '-'];
  if (backend === 'vaapi') {
    const filter = ['-filter_hw_device', 'va', ...source, '-vf', `format=${format},hwupload`];
    return [...vaDevice(node), ...filter, '-c:v', `${codec}_vaapi`, ...power];
  }
  const upload = `format=${format},hwupload=extra_hw_frames=64`;
  // Of another size: vpp_qsv passes on what it need not change, and the filter would not be tried.
  const filter = backend === 'qsv-full' ? `${upload},vpp_qsv=w=640:h=360:format=${format}` : upload;
  const device = [...vaDevice(node), '-init_hw_device', 'qsv=qs@va', '-filter_hw_device', 'qs'];
  return [...device, ...source, '-vf', filter, '-c:v', `${codec}_qsv`, ...power];
}

/** The node is always named: FFmpeg's own choice may be another maker's GPU. */
export function vaDevice(node: string): string[] {
  return ['-init_hw_device', `vaapi=va:${node},driver=iHD`];
}

/**
 * Whether the low-power engine takes a constant quantizer after it refused a bit rate: rate control there runs in HuC
 * firmware (github.com/intel/media-driver, known issues), which is then not loaded.
 */
async function takesQuantizerOnly(
  node: string,
  refused: readonly GpuEncode[],
  proved: readonly GpuEncode[],
  tools: MediaTools,
  signal: AbortSignal,
): Promise<boolean> {
  const works = proved.some(({ backend, lowPower }) => backend === 'qsv-encode' && lowPower);
  const candidate = refused.find(
    ({ backend, lowPower, codec }) => backend === 'qsv-encode' && lowPower && codec !== 'av1',
  );
  if (works || candidate === undefined) return false;
  const argv = trialArguments(node, candidate);
  const at = argv.indexOf('-b:v');
  const run = await trial(argv.toSpliced(at, bitRate.length, '-q:v', '26'), tools, signal);
  return run.exitCode === 0;
}

function lines(encoders: ReadonlySet<string>): Line[] {
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

/** Trials end in any order; what they show is listed in one. */
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
  // One iterator for all: each takes the next item that nobody has taken.
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

function trial(argv: readonly string[], tools: MediaTools, signal: AbortSignal): Promise<ToolRun> {
  const fixed = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror'];
  return runTool(tools.ffmpeg, [...fixed, ...argv], tools.env, {
    timeoutMs: trialTimeoutMs,
    outputBytes: 1024,
    signal,
  });
}

function firstLine({ stderr, exceeded, signal }: ToolRun): string {
  if (exceeded === 'time') return `no end within ${trialTimeoutMs / 1000} s`;
  const line = stderr.split('\n').find((text) => text.trim() !== '');
  return line?.replace(/ @ 0x[0-9a-f]+\]/, ']').slice(0, 120) ?? `ended by ${signal ?? 'an error'}`;
}
