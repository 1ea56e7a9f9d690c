/** How a pod comes by a GPU. */
export type Allocation =
  | { readonly type: 'None' }
  /** One slot of an extended resource, such as gpu.intel.com/i915 of Intel's device plugin. */
  | { readonly type: 'DevicePlugin'; readonly resourceName: string }
  /** A device of a claim made from this ResourceClaimTemplate, which must be in the namespace of the job. */
  | { readonly type: 'DRA'; readonly claimTemplate: string };

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

/** Nodes on which stages run, and what their pods look like there. A pod cannot ask for "either of two GPUs". */
export interface Pool {
  readonly name: string;
  readonly allocation: Allocation;
  readonly image: string;
  /** Stages at once, whatever the nodes could take. Needed where slots cannot be counted: without a device plugin. */
  readonly maxConcurrent?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  /** Further ones of its pods, for what else runs in the cluster. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The render group's number differs between distributions. */
  readonly supplementalGroups?: readonly number[];
  readonly runtimeClassName?: string;
  readonly priorityClassName?: string;
  readonly serviceAccountName?: string;
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
  /** Of the scratch volume. */
  readonly scratchSize?: string;
  /** The claim of the object store, where that is a folder. In each namespace with jobs there is one of this name. */
  readonly objectsVolume?: { readonly claimName: string; readonly mountPath: string };
  /** For the worker, beside what every stage has. */
  readonly environment?: readonly EnvironmentVariable[];
}
