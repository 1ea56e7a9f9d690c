/** How a pod gets a GPU. */
type Allocation =
  | { readonly type: 'None' }
  /** One slot of an extended resource, such as gpu.intel.com/i915 of Intel's device plugin. */
  | { readonly type: 'DevicePlugin'; readonly resourceName: string }
  /** A device of a claim that is created from this ResourceClaimTemplate, which must be in the namespace of the job. */
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

/** Nodes on which stages run, and the settings of their pods there. A pod cannot request "either of two GPUs". */
export interface Pool {
  readonly name: string;
  readonly allocation: Allocation;
  readonly image: string;
  /** Stages in parallel, whatever the nodes can take. Required without a device plugin, where slots cannot be counted. */
  readonly maxConcurrent?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  /** Additional labels of its pods, for other software in the cluster. */
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
  /** The claim of the object store, where that is a folder. Each namespace with jobs has a claim of this name. */
  readonly objectsVolume?: { readonly claimName: string; readonly mountPath: string };
  /** For the worker, in addition to the variables of every stage. */
  readonly environment?: readonly EnvironmentVariable[];
}
