/** Phases of a RenderJob. `Running -> Queued` happens only for a new attempt; a terminal phase never changes. */
export const phases = ['Queued', 'Starting', 'Running', 'Succeeded', 'Failed', 'Cancelled'] as const;
export type Phase = (typeof phases)[number];

export const terminalPhases = ['Succeeded', 'Failed', 'Cancelled'] as const satisfies readonly Phase[];
export type TerminalPhase = (typeof terminalPhases)[number];

const next: Readonly<Record<Phase, readonly Phase[]>> = {
  Queued: ['Starting', 'Running', 'Succeeded', 'Failed', 'Cancelled'],
  Starting: ['Queued', 'Running', 'Succeeded', 'Failed', 'Cancelled'],
  Running: ['Queued', 'Succeeded', 'Failed', 'Cancelled'],
  Succeeded: [],
  Failed: [],
  Cancelled: [],
};

export function isTerminal(phase: Phase | undefined): phase is TerminalPhase {
  return terminalPhases.some((terminal) => terminal === phase);
}

export const unfinishedPhases: readonly Phase[] = phases.filter((phase) => !isTerminal(phase));

/** Whether a status write may change one phase to another; keeping it is always allowed. */
export function canMove(from: Phase, to: Phase): boolean {
  return from === to || next[from].includes(to);
}

export const conditionTypes = ['Accepted', 'Admitted', 'Running', 'Complete', 'Failed'] as const;
export type ConditionType = (typeof conditionTypes)[number];

/** Machine-readable reasons of phases and conditions: one CamelCase word each, as in Kubernetes. */
export const reasons = [
  'Accepted',
  'WaitingForSlot',
  'WaitingForGpu',
  'NoSuchPool',
  'WaitingForQueue',
  'QueueNotConfigured',
  'JobRejected',
  'Suspended',
  'BackingOff',
  'Starting',
  'StartingWithoutGpu',
  'PodRejected',
  'Unschedulable',
  'ImagePullFailed',
  'ContainerNotStarted',
  'Rendering',
  'RenderingWithoutGpu',
  'Cancelling',
  'TimingOut',
  'Suspending',
  'Completed',
  'Cancelled',
  'RetriesExhausted',
  'NotRetryable',
  'DeadlineExceeded',
  'DisruptionLimitExceeded',
  'StartFailed',
] as const;
export type Reason = (typeof reasons)[number];
