import type { MediaTools } from '../media/ffmpeg/run/run-tool.ts';
import type { Capabilities } from '../media/gpu/capabilities.ts';
import type { Plan } from '../media/planning/plan.ts';
import { planStage, probeRequests } from '../media/planning/planner.ts';
import type { Probe } from '../media/probe/probe.ts';
import { probeCut } from '../media/probe/run/probe-cut.ts';
import { probeFile } from '../media/probe/run/probe-file.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { Clock } from '../ports/clock.ts';
import type { PlanConditions } from './render/next-step.ts';
import { type InputSources, type LocalInput, resolveInputs } from './resolve-inputs.ts';
import type { StageProgress } from './stage-progress.ts';

export interface PrepareOptions {
  readonly sources: InputSources;
  readonly tools: MediaTools;
  readonly scratchDir: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Detects the capabilities of the machine; called once per stage. */
  readonly detect: (signal: AbortSignal) => Promise<Capabilities>;
  readonly progress?: Pick<StageProgress, 'at'>;
}

/** A stage whose inputs are on this machine and probed. */
export interface PreparedStage {
  readonly inputs: readonly LocalInput[];
  /** By the names of the inputs. */
  readonly probes: ReadonlyMap<string, Probe>;
  readonly capabilities: Capabilities;
  readonly plan: Plan;
  readonly fetchSeconds: number;
  /** Plans again under other conditions: fewer encoder backends, with measurements, or without a smart cut. */
  replan(conditions: PlanConditions): Plan;
}

/**
 * The first half of a stage, which changes nothing outside the scratch folder: fetch, probe, plan. A dry run ends here.
 * Rejects with a CodedError of the source, the input or the spec.
 */
export async function prepareStage(spec: StageSpec, options: PrepareOptions): Promise<PreparedStage> {
  const { clock, progress, scratchDir, signal, sources, tools } = options;
  const detecting = options.detect(signal);
  // Awaited below, after the inputs: until then its failure must not count as unhandled.
  detecting.catch(() => undefined);

  const startedAt = clock.monotonic();
  const onProgress = (fraction: number): void => progress?.at('fetching', fraction);
  const inputs = await resolveInputs(spec, { ...sources, scratchDir, clock, signal, onProgress });
  const fetchSeconds = (clock.monotonic() - startedAt) / 1000;

  const probes = new Map<string, Probe>();
  const requests = probeRequests(spec);
  for (const [index, { name, path }] of inputs.entries()) {
    progress?.at('probing', index / inputs.length);
    const { keyframesAround = [], cut: range } = requests.find(({ input }) => input === name) ?? {};
    const probe = await probeFile(path, { tools, signal, keyframesNear: keyframesAround, label: `input ${name}` });
    const cut = range && (await probeCut(probe, range, { tools, signal }));
    probes.set(name, { ...probe, ...(cut && { cut }) });
  }

  progress?.at('planning', 0);
  const capabilities = await detecting;
  const replan = (conditions: PlanConditions): Plan => planStage({ spec, probes, scratchDir, ...conditions });
  return { inputs, probes, capabilities, plan: replan({ capabilities }), fetchSeconds, replan };
}
