import { z } from 'zod';
import { clusterVerbs, optionalPath, optionalText, type SettingGroup, wholeNumber } from './setting.ts';

/** A namespace or the name of an object: a DNS label (RFC 1123). */
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const nameError = 'expected a name of lower-case letters, digits and dashes, at most 63';
const optionalName = z
  .string()
  .refine((text) => text === '' || dnsLabel.test(text), { error: nameError })
  .transform((text) => (text === '' ? undefined : text));

/** How the API server is reached, and what of the cluster is used. */
export const clusterSettings = {
  kubeconfig: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_KUBECONFIG',
    flag: 'kubeconfig',
    schema: optionalPath,
    default: '',
    about: 'Kubeconfig whose current context is used; when empty, the service account of the Pod is used.',
  },
  apiServerHost: {
    verbs: clusterVerbs,
    variable: 'KUBERNETES_SERVICE_HOST',
    schema: optionalText,
    default: '',
    about: 'Host of the API server, where there is no kubeconfig; the kubelet sets it in every pod.',
  },
  apiServerPort: {
    verbs: clusterVerbs,
    variable: 'KUBERNETES_SERVICE_PORT',
    schema: wholeNumber(1, 65_535),
    default: '443',
    about: 'Port of the API server, where there is no kubeconfig; the kubelet sets it in every pod.',
  },
  serviceAccountDir: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_SERVICE_ACCOUNT_DIR',
    schema: z.string().min(1),
    default: '/var/run/secrets/kubernetes.io/serviceaccount',
    about: 'Folder of the token, certificate and namespace of the service account, where there is no kubeconfig.',
  },
  namespace: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_NAMESPACE',
    flag: 'namespace',
    schema: optionalName,
    default: '',
    about: 'The only namespace whose RenderJobs are handled; all namespaces when empty.',
  },
  poolsFile: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_POOLS_FILE',
    flag: 'pools',
    schema: optionalPath,
    default: '',
    about: 'YAML list of the pools of nodes on which stages run; required.',
  },
  keysNamespace: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_KEYS_NAMESPACE',
    schema: optionalName,
    default: '',
    about: 'Namespace of the Secrets that hold API keys; that of the pod or of the kubeconfig when empty.',
  },
} as const satisfies SettingGroup;

/** An object store that is a folder of a volume. */
export const objectsSettings = {
  dir: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_OBJECTS_DIR',
    flag: 'objects',
    schema: optionalPath,
    default: '',
    about: 'Folder of the object store on a volume that the workers mount too; either this or a bucket is required.',
  },
  claim: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_OBJECTS_CLAIM',
    schema: optionalName,
    default: '',
    about:
      'PersistentVolumeClaim that the pods of stages mount at the folder of the object store; each namespace with jobs needs one of this name.',
  },
} as const satisfies SettingGroup;

/** The Lease by which one operator leads. */
export const leaseSettings = {
  namespace: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_LEASE_NAMESPACE',
    schema: optionalName,
    default: '',
    about: 'Namespace of the Lease by which one operator leads; that of the pod or of the kubeconfig when empty.',
  },
  name: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_LEASE_NAME',
    schema: z.string().regex(dnsLabel, { error: nameError }),
    default: 'framewright-operator',
    about: 'Name of the Lease by which one operator leads.',
  },
  seconds: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_LEASE_SECONDS',
    schema: wholeNumber(2, 3600),
    default: '15',
    about: 'How long after the last renewal by the leader another operator takes over.',
  },
  renewSeconds: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_LEASE_RENEW_SECONDS',
    schema: wholeNumber(1, 3600),
    default: '10',
    about: 'A leader that cannot renew the Lease for this long stops and exits.',
  },
  retrySeconds: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_LEASE_RETRY_SECONDS',
    schema: wholeNumber(1, 3600),
    default: '2',
    about: 'How often a leader renews the Lease.',
  },
} as const satisfies SettingGroup;

/** The status server of the operator. */
export const metricsSettings = {
  host: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_METRICS_HOST',
    schema: z.string().min(1),
    default: '0.0.0.0',
    about: 'Address on which `/metrics`, `/healthz` and `/readyz` are served.',
  },
  port: {
    verbs: ['operator'],
    variable: 'FRAMEWRIGHT_METRICS_PORT',
    flag: 'metrics-port',
    schema: wholeNumber(0, 65_535),
    default: '8081',
    about: 'Port of `/metrics`, `/healthz` and `/readyz`; 0 is any free one.',
  },
} as const satisfies SettingGroup;
