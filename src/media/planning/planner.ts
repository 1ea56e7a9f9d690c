import { operationInputs, type TaggedOperation, taggedOperation } from '../../model/job/operations.ts';
import type { StageSpec } from '../../model/job/stage.ts';
import { checkLoudnessTolerance } from '../filters/loudness.ts';
import { applyOperation } from '../operations/index.ts';
import { isIndirect } from '../probe/containers.ts';
import type { Probe } from '../probe/probe.ts';
import { assemble } from './assemble.ts';
import { outputRequests } from './output-settings.ts';
import type { Plan } from './plan.ts';
import { PlanBuilder, type PlanRequest } from './plan-builder.ts';
import { planError } from './plan-error.ts';
import { timelineOf } from './source.ts';

export type { PlanRequest } from './plan-builder.ts';

/** An input that must be probed before a stage can be planned. */
export interface ProbeRequest {
  /** Name of the input. */
  readonly input: string;
  /** Seconds from the start of the file near which the times of key frames are wanted (`Probe.keyframes`). */
  readonly keyframesAround?: readonly number[];
  /** A cut to the frame, in seconds from the start of the file, of which the packets are wanted (`Probe.cut`). */
  readonly cut?: { readonly start: number; readonly end?: number };
}

/** Which inputs a stage needs, each once, the first input first. Inputs that nothing refers to are left out. */
export function probeRequests({ inputs, operations }: Pick<StageSpec, 'inputs' | 'operations'>): ProbeRequest[] {
  const first = inputs[0]?.name;
  const others = new Set(operations.flatMap(operationInputs));
  const tagged = operations.map(taggedOperation);
  const moments: number[] = [];
  let origin = 0;
  let end: number | undefined;
  let exact = false;
  for (const operation of tagged) {
    // The file's own clock does not count after these.
    if (operation.type === 'merge' || operation.type === 'speedRamp') break;
    if (operation.type !== 'trim') continue;
    const trim = operation.parameters;
    exact ||= trim.precise !== false;
    if (trim.end !== undefined) end = Math.min(end ?? Number.POSITIVE_INFINITY, origin + trim.end);
    if (trim.start !== undefined) {
      origin += trim.start;
      moments.push(origin);
    }
  }
  const changed = tagged.some(changesVideo);
  const cut = exact && !changed ? { start: origin, ...(end !== undefined && { end }) } : undefined;
  return [
    ...(first === undefined
      ? []
      : [{ input: first, ...(moments.length > 0 && { keyframesAround: moments }), ...(cut && { cut }) }]),
    ...[...others].filter((name) => name !== first).map((input) => ({ input })),
  ];
}

/** Whether an operation leaves no frame that could be copied. */
function changesVideo(operation: TaggedOperation): boolean {
  switch (operation.type) {
    case 'merge':
    case 'speedRamp':
    case 'blur':
    case 'watermark':
      return true;
    case 'subtitle':
      return operation.parameters.mode !== 'soft';
    case 'transcode':
      return operation.parameters.force === true;
    default:
      return false;
  }
}

/**
 * The plan of a stage; pure: the same result for the same arguments.
 *
 * A plan with `analyses` is provisional: run them and plan again with their measurements added to those given before,
 * until there are none.
 *
 * @throws CodedError SPEC_INVALID, INPUT_UNSUPPORTED, CAPABILITY_MISSING, GPU_UNAVAILABLE or UNSUPPORTED; the details
 *   name the field of the job.
 */
export function planStage(request: PlanRequest): Plan {
  const { spec, probes } = request;
  checkLoudnessTolerance(spec);
  const name = spec.inputs[0]?.name ?? '';
  for (const [index, input] of spec.inputs.entries()) checkInput(probes.get(input.name), index);
  const builder = new PlanBuilder(request);
  const first = builder.clip(name, 'spec.inputs[0]');
  if (first.probe.video.length === 0 && first.probe.audio.length === 0) {
    throw planError(
      'INPUT_UNSUPPORTED',
      'spec.inputs[0]',
      `expected video or audio, got a file with neither (${first.probe.format})`,
    );
  }
  let timeline = timelineOf(first);
  for (const [index, operation] of spec.operations.entries())
    timeline = applyOperation(timeline, taggedOperation(operation), { index, builder });
  return assemble(builder, timeline, outputRequests(spec.output, first.probe), first);
}

function checkInput(probe: Probe | undefined, index: number): void {
  if (probe === undefined || !isIndirect(probe)) return;
  throw planError(
    'INPUT_UNSUPPORTED',
    `spec.inputs[${index}]`,
    `expected a media file, got ${probe.format}, which refers to other files`,
  );
}
