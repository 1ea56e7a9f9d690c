import type { Config } from '../config/load-config.ts';
import { defaultPolicy, type Policy } from '../controller/policies/policy.ts';

/** The limits that an installation sets for all of its jobs. */
export function policyOf({ timeoutSeconds, stallSeconds, ttlSeconds }: Config['jobs']): Policy {
  return { ...defaultPolicy, timeoutSeconds, stallSeconds, ttlSecondsAfterFinished: ttlSeconds };
}

/** In a cluster an attempt may run on another node, and a start takes long enough to start the next stage early. */
export function clusterPolicyOf({ jobs, admission }: Pick<Config, 'jobs' | 'admission'>): Policy {
  const overrides: Pick<Policy, keyof Config['admission']> = admission;
  return { ...policyOf(jobs), otherNodes: true, ...overrides };
}
