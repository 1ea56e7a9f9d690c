import { bounds } from '../job/bounds.ts';
import { renderJobSpec } from '../job/render-job.ts';
import { terminalPhases } from '../status/lifecycle.ts';
import type { ValidationRule } from './structural-schema.ts';

// Rules that compare a job with its previous state (`oldSelf`), and rules on its metadata, in CEL. A JobStore without an
// API server enforces the same rules. A rule with `oldSelf` is not evaluated on creation.

/** Members of the spec that may change after a job has started. */
export const changeableSpec = ['priority', 'suspend', 'cancelled', 'ttlSecondsAfterFinished'] as const;

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');

/** Absent members compare as absent. CEL's optionals would be shorter, but its cost estimate does not support them. */
const same = (member: string, required: boolean): string => {
  const [now, before] = [`self.spec.${member}`, `oldSelf.spec.${member}`];
  return required ? `${now} == ${before}` : `(has(${now}) ? has(${before}) && ${now} == ${before} : !has(${before}))`;
};

/** Built from the model's list of members, so that a new member is immutable by default. */
function immutableOnceStarted(): ValidationRule {
  const changeable = new Set<string>(changeableSpec);
  const members = Object.entries(renderJobSpec.shape)
    .filter(([member]) => !changeable.has(member))
    .map(([member, schema]) => same(member, !schema.safeParse(undefined).success));
  const notStarted = [
    '!has(oldSelf.status)',
    "(oldSelf.status.phase == 'Queued' && oldSelf.status.attempt == 1 && !has(oldSelf.status.startedAt))",
  ].join(' || ');
  return {
    rule: `${notStarted} || (${members.join(' && ')})`,
    message: `only ${changeableSpec.join(', ')} of the spec can change once the job has started; create a new job instead`,
  };
}

/** Rules at the root of the resource, where spec, status and name can be compared. */
export const rootRules: readonly ValidationRule[] = [
  {
    rule: `self.metadata.name.size() <= ${bounds.jobName}`,
    message: `the name must have at most ${bounds.jobName} characters, so that the names of its pods fit into 63`,
  },
  {
    // Names of custom resources may contain dots; names of pods, which derive from them, may not.
    rule: "!self.metadata.name.contains('.')",
    message: 'the name must be a DNS-1123 label: lower-case letters, digits and dashes',
  },
  { rule: '!has(oldSelf.status) || has(self.status)', message: 'status cannot be removed' },
  immutableOnceStarted(),
];

export const specRules: readonly ValidationRule[] = [
  {
    rule: '!has(oldSelf.cancelled) || !oldSelf.cancelled || (has(self.cancelled) && self.cancelled)',
    message: 'cancelled cannot be undone; create a new job instead',
  },
];

export const statusRules: readonly ValidationRule[] = [
  {
    rule: `!(oldSelf.phase in [${quoted(terminalPhases)}]) || self.phase == oldSelf.phase`,
    message: `a job that is ${terminalPhases.slice(0, -1).join(', ')} or ${terminalPhases.at(-1)} keeps its phase`,
  },
  { rule: 'self.attempt >= oldSelf.attempt', message: 'attempt must not decrease' },
  {
    rule:
      'self.attempt != oldSelf.attempt || !has(self.progress) || !has(oldSelf.progress) || ' +
      'self.progress.percent >= oldSelf.progress.percent',
    message: 'progress.percent must not decrease within an attempt',
  },
];
