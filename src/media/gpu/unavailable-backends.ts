import type { EncoderBackend, FallbackReason } from '../../model/status/result.ts';
import type { Capabilities, GpuDevice } from './capabilities.ts';
import type { NodeFacts } from './device-facts.ts';

interface Found {
  readonly nodes: readonly NodeFacts[];
  readonly devices: readonly GpuDevice[];
  readonly encoders: ReadonlySet<string>;
  /** Path or name of FFmpeg. */
  readonly program: string;
  /** Why there is no device, where no node was tried. */
  readonly noDevice: FallbackReason;
}

/** Why each GPU backend that nothing on this machine can serve cannot be used. */
export function unavailableBackends(found: Found): Capabilities['unavailable'] {
  const reasons: Partial<Record<EncoderBackend, FallbackReason>> = {};
  for (const backend of ['qsv-full', 'qsv-encode', 'vaapi'] as const) {
    const reason = unavailableReason(backend, found);
    if (reason !== undefined) reasons[backend] = reason;
  }
  return reasons;
}

function unavailableReason(
  backend: 'qsv-full' | 'qsv-encode' | 'vaapi',
  { nodes, devices, encoders, program, noDevice }: Found,
): FallbackReason | undefined {
  if (devices.length === 0) return joined(nodes.flatMap(problemOf)) ?? noDevice;
  const family = backend === 'vaapi' ? 'vaapi' : 'qsv';
  if (![...encoders].some((name) => name.endsWith(`_${family}`)))
    return { cause: 'capability-missing', message: `${program} was built without ${family} encoders` };
  if (devices.some(({ encodes }) => encodes.some((encode) => encode.backend === backend))) return undefined;
  for (const { node, opening } of nodes) {
    if (backend !== 'vaapi' && opening?.sessionError !== undefined) return noSession(node, opening.sessionError);
  }
  const tried = devices.map(({ node }) => node).join(', ');
  return { cause: 'trial-failed', message: `every trial encode failed on ${tried}` };
}

/** Why nothing can be encoded on a node that was tried. */
function problemOf({ node, opening, trials }: NodeFacts): FallbackReason[] {
  if (opening?.vaError !== undefined)
    return [{ cause: 'device-not-opened', message: `${node} could not be opened: ${opening.vaError}` }];
  if (trials === undefined || trials.encodes.length > 0) return [];
  if (opening?.sessionError !== undefined) return [noSession(node, opening.sessionError)];
  const why = trials.failed[0]?.error ?? 'FFmpeg has no encoder for it';
  return [{ cause: 'trial-failed', message: `every trial encode failed on ${node}: ${why}` }];
}

function noSession(node: string, error: string): FallbackReason {
  return { cause: 'no-session', message: `no session on ${node}: ${error}` };
}

/** The problems of several nodes as one, with the cause of the first. */
function joined(problems: readonly FallbackReason[]): FallbackReason | undefined {
  const [first] = problems;
  return first && { cause: first.cause, message: problems.map(({ message }) => message).join('; ') };
}
