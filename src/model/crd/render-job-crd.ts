import { apiGroup, renderJobSpec, renderJobStatus } from '../job/render-job.ts';
import { type StructuralSchema, structuralSchema, type ValidationRule } from './structural-schema.ts';
import { rootRules, specRules, statusRules } from './transition-rules.ts';

interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'date';
  readonly description: string;
  readonly jsonPath: string;
  /** 1 is shown by `kubectl get -o wide` only. */
  readonly priority?: 1;
}

const columns: readonly PrinterColumn[] = [
  { name: 'Phase', type: 'string', description: 'Phase of the job.', jsonPath: '.status.phase' },
  { name: 'Type', type: 'string', description: 'Type of the job.', jsonPath: '.status.type' },
  {
    name: 'Progress',
    type: 'number',
    description: 'Progress of the attempt in percent.',
    jsonPath: '.status.progress.percent',
  },
  {
    name: 'FPS',
    type: 'number',
    description: 'Frames encoded per second.',
    jsonPath: '.status.progress.fps',
    priority: 1,
  },
  {
    name: 'ETA',
    type: 'number',
    description: 'Estimated seconds until the end.',
    jsonPath: '.status.progress.etaSeconds',
  },
  { name: 'Attempt', type: 'integer', description: 'Number of the present attempt.', jsonPath: '.status.attempt' },
  {
    name: 'Node',
    type: 'string',
    description: 'Node of the latest attempt.',
    jsonPath: '.status.attempts[-1:].node',
    priority: 1,
  },
  {
    name: 'Reason',
    type: 'string',
    description: 'Why the job waits, runs or has ended, in one word.',
    jsonPath: '.status.reason',
    priority: 1,
  },
  {
    name: 'Position',
    type: 'integer',
    description: 'Number of jobs ahead in the queue.',
    jsonPath: '.status.queuePosition',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    description: 'Why the job waits, runs or has ended, in one sentence.',
    jsonPath: '.status.message',
    priority: 1,
  },
  {
    name: 'Age',
    type: 'date',
    description: 'Time since the job was created.',
    jsonPath: '.metadata.creationTimestamp',
  },
];

/** Lists whose items have unique names: server-side apply merges them item by item. */
const specListKeys = { inputs: ['name'], 'output.renditions': ['name'] };
const statusListKeys = { conditions: ['type'] };

/** The schema of a whole RenderJob as the API server validates it. */
export function renderJobSchema(): StructuralSchema {
  return {
    type: 'object',
    description: 'A RenderJob renders input files into verified video files.',
    'x-kubernetes-validations': rootRules,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Version of the schema of this object: ${apiGroup}/v1alpha1.` },
      kind: { type: 'string', description: 'RenderJob.' },
      metadata: { type: 'object' },
      spec: withMore(structuralSchema(renderJobSpec, specListKeys), specRules),
      status: withMore(structuralSchema(renderJobStatus, statusListKeys), statusRules),
    },
  };
}

/** The CustomResourceDefinition of RenderJob. */
export function renderJobDefinition() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `renderjobs.${apiGroup}` },
    spec: {
      group: apiGroup,
      scope: 'Namespaced',
      names: {
        kind: 'RenderJob',
        listKind: 'RenderJobList',
        plural: 'renderjobs',
        singular: 'renderjob',
        shortNames: ['rj'],
        categories: ['framewright'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.status.phase' }, { jsonPath: '.spec.queue' }],
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: renderJobSchema() },
        },
      ],
    },
  };
}

function withMore(schema: StructuralSchema, more: readonly ValidationRule[]): StructuralSchema {
  return { ...schema, 'x-kubernetes-validations': [...(schema['x-kubernetes-validations'] ?? []), ...more] };
}
