/** A node as `kubectl apply` takes it. */
export interface NodeManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'Node';
  readonly metadata: { readonly name: string; readonly annotations: object; readonly labels: object };
  readonly status: { readonly capacity: object; readonly allocatable: object };
}

/** A node that kwok plays, with Intel GPU slots as the device plugin would advertise them. */
export function gpuNode(
  name: string,
  { slots = 8, labels = {} }: { slots?: number; labels?: object } = {},
): NodeManifest {
  const capacity = { cpu: '32', memory: '256Gi', pods: '1000', 'gpu.intel.com/i915': String(slots) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/hostname': name, 'intel.feature.node.kubernetes.io/gpu': 'true', ...labels },
    },
    status: { capacity, allocatable: capacity },
  };
}
