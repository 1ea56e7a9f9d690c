import { isRecord } from '../../../../lib/json.ts';
import { isApiObject } from '../api-object.ts';
import { resourcePath } from '../resource-path.ts';

const apiVersion = 'coordination.k8s.io/v1';

/** The content of a Lease of coordination.k8s.io/v1, and its version. */
export interface LeaseRecord {
  /** Empty when it has no holder. */
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly version: string;
  /** Of the object: the same until it is deleted. */
  readonly uid: string;
  /** Of the last renewal by the holder's own clock: compared for equality only, clocks differ. */
  readonly renewTime: string;
  readonly acquireTime: string;
}

/** @throws Error when the answer is not a Lease */
export function readLease(value: unknown): LeaseRecord {
  if (!isApiObject(value) || !('spec' in value) || !isRecord(value.spec)) {
    throw new Error(`Expected a Lease, got ${JSON.stringify(value ?? null).slice(0, 200)}`);
  }
  const { holderIdentity, leaseDurationSeconds, leaseTransitions, renewTime, acquireTime } = value.spec;
  return {
    holder: textOf(holderIdentity),
    durationMs: 1000 * (typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds : 0),
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
    version: value.metadata.resourceVersion,
    uid: value.metadata.uid,
    renewTime: textOf(renewTime),
    acquireTime: textOf(acquireTime),
  };
}

/** The Lease object of a record. */
export function writeLease(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  {
    holder,
    durationMs,
    transitions,
    version,
    renewTime,
    acquireTime,
  }: Partial<LeaseRecord> & { readonly holder: string },
): object {
  return {
    apiVersion,
    kind: 'Lease',
    metadata: { namespace, name, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.max(1, Math.ceil((durationMs ?? 0) / 1000)),
      leaseTransitions: transitions ?? 0,
      renewTime,
      acquireTime,
    },
  };
}

/** Path of a Lease, or of the Leases of a namespace. */
export function leasePath(namespace: string, name?: string): string {
  return resourcePath({ apiVersion, resource: 'leases', namespace, name });
}

/** Kubernetes' MicroTime. */
export function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
