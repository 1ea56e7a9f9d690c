import { join } from 'node:path';
import type { PackagedStream } from '../../media/packaging/packaged-stream.ts';
import { streamFiles } from '../../media/packaging/run/package-stream.ts';
import type { PlannedOutput } from '../../media/planning/plan.ts';
import type { MeasuredOutput } from '../../media/verify/verify.ts';
import type { ContractCheck } from '../../model/job/output-contract.ts';
import { outputKey } from '../../model/job/output-keys.ts';
import type { StageSpec } from '../../model/job/stage.ts';
import type { OutputFile } from '../../model/status/result.ts';
import type { PublishableFile } from '../publish-outputs.ts';
import type { RenderedPlan } from '../render/run-plan.ts';

export interface VerifiedOutput {
  readonly planned: PlannedOutput;
  readonly measured: MeasuredOutput;
  readonly checks: readonly ContractCheck[];
}

export function keyOf({ key, name, extension }: PlannedOutput, { identity }: StageSpec): string {
  return key ?? outputKey(identity, name, extension);
}

/** Every file by its key. Those of a set of segments come last, each after those that it refers to. */
export function publishableFiles({ plan, stream }: RenderedPlan, spec: StageSpec): PublishableFile[] {
  const set = stream === undefined ? [] : streamFiles(stream);
  const files = plan.outputs.map((output) => ({ key: keyOf(output, spec), path: output.path }));
  return [
    ...files.filter(({ key }) => !set.includes(key)),
    ...set.map((name) => ({ key: name, path: join(plan.stream?.folder ?? '', name) })),
  ];
}

/** An output as it is listed in a result. */
export function outputFile(
  { planned, measured }: VerifiedOutput,
  spec: StageSpec,
  stream: PackagedStream | undefined,
): OutputFile {
  const segments = stream?.media.find(({ track }) => track.id === planned.track)?.segments;
  const { probe, videoPackets } = measured;
  const video = probe?.video[0];
  const audio = probe?.audio[0];
  const still = planned.expect.duration === undefined;
  return {
    name: planned.name,
    kind: planned.kind,
    key: keyOf(planned, spec),
    mediaType: planned.mediaType,
    bytes: measured.bytes,
    ...(probe && !still && { durationSeconds: Math.round(probe.duration * 1000) / 1000 }),
    ...(video && { width: video.width, height: video.height, videoCodec: video.codec.slice(0, 20) }),
    ...(video && !still && videoPackets !== undefined && { frames: videoPackets }),
    ...(audio && { audioCodec: audio.codec.slice(0, 20) }),
    ...(segments && {
      segments: segments.length,
      segmentBytes: segments.reduce((total, segment) => total + segment.bytes, 0),
    }),
  };
}
