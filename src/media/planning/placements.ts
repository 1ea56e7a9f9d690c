import type { EncoderBackend } from '../../model/status/result.ts';
import type { BackendChain } from '../encoders/backend-chain.ts';
import type { OutputStreams } from './output-streams.ts';
import type { Placement } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';

/**
 * The placement of each part of a command.
 *
 * @param cpuWork The operations on video that run at least partly on the CPU; all of them when absent.
 */
export function placementsOf(
  builder: PlanBuilder,
  outputs: readonly OutputStreams[],
  backends: BackendChain | undefined,
  cpuWork: ReadonlySet<string> | undefined,
): Placement[] {
  const lines: Placement[] = [];
  const encodes = outputs.some(({ video }) => video.how === 'encode');
  const work = workPlacements(builder.placements, cpuWork);
  if (encodes || builder.auxiliaryOutputs.length > 0)
    lines.push(decodePlacement(backends?.backend, work, builder.auxiliaryOutputs.length > 0));
  lines.push(...work);
  for (const { request, video, audio } of outputs) {
    const name = outputs.length > 1 ? ` of ${request.name}` : '';
    if (video.how === 'copy')
      lines.push({ what: `video${name}`, runsOn: 'copy', why: video.smart === undefined ? kept : joined });
    if (video.how === 'encode') {
      lines.push({
        what: `encode${name}`,
        runsOn: onGpu(backends?.backend) ? 'gpu' : 'cpu',
        why: `${video.why}; ${backends?.fallbacks.at(-1)?.message ?? 'the GPU encodes it'}`,
      });
    }
    if (audio.how === 'copy')
      lines.push({
        what: `audio${name}`,
        runsOn: 'copy',
        why: 'no operation changes the audio, so its packets are kept',
      });
    if (audio.how === 'encode') lines.push({ what: `audio${name}`, runsOn: 'cpu', why: audio.why });
  }
  return lines;
}

const kept = 'no operation changes the video, so its packets are kept';
const joined = 'copied and encoded frames were joined to one stream, whose packets are kept';

function onGpu(backend: EncoderBackend | undefined): boolean {
  return backend !== undefined && backend !== 'software' && backend !== 'copy';
}

function decodePlacement(
  backend: EncoderBackend | undefined,
  work: readonly Placement[],
  thumbnails: boolean,
): Placement {
  if (backend !== 'qsv-full') return { what: 'decode', runsOn: 'cpu', why: 'the frames are needed in main memory' };
  const videoWork = [...Object.keys(gpuReasons), ...onlyCpu];
  const down = work.filter(({ what, runsOn }) => runsOn === 'cpu' && videoWork.includes(what)).map(({ what }) => what);
  const reasons = [...new Set([...down, ...(thumbnails ? ['thumbnail'] : [])])];
  return {
    what: 'decode',
    runsOn: 'gpu',
    why:
      reasons.length === 0
        ? 'the frames stay in GPU memory from input to output'
        : `frames are copied to main memory for ${reasons.join(', ')} only`,
  };
}

/** Why an operation can run on the GPU. */
const gpuReasons: Readonly<Record<string, string>> = {
  transcode: 'vpp_qsv deinterlaces, turns, crops and retouches frames in GPU memory',
  watermark: 'overlay_qsv lays the mark over frames in GPU memory',
  subtitle: 'libass draws text on a transparent layer, and overlay_qsv lays that over frames in GPU memory',
  speedRamp: 'frames get new times in GPU memory, and the audio another tempo',
  tonemap: 'vpp_qsv maps tones in GPU memory, by the light levels that the source declares',
};
/** Operations on video that GPU filters cannot do. */
const onlyCpu = ['blur', 'merge'];

/** Placements in the order of the operations, with those that run on the GPU in the end. */
function workPlacements(placements: readonly Placement[], cpuWork: ReadonlySet<string> | undefined): Placement[] {
  if (cpuWork === undefined) return [...placements];
  return placements.map((line) => {
    const why = gpuReasons[line.what];
    return line.runsOn !== 'cpu' || why === undefined || cpuWork.has(line.what)
      ? line
      : { what: line.what, runsOn: 'gpu', why };
  });
}
