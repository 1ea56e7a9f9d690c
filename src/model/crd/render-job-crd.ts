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
  { name: 'Phase', type: 'string', description: 'Where the job is in its life.', jsonPath: '.status.phase' },
  { name: 'Type', type: 'string', description: 'The operations in short.', jsonPath: '.status.type' },
  { name: 'Progress', type: 'number', description: 'Percent of the attempt.', jsonPath: '.status.progress.percent' },
  { name: 'FPS', type: 'number', description: 'Frames per second.', jsonPath: '.status.progress.fps', priority: 1 },
  { name: 'ETA', type: 'number', description: 'Seconds to go, estimated.', jsonPath: '.status.progress.etaSeconds' },
  { name: 'Attempt', type: 'integer', description: 'Number of the attempt.', jsonPath: '.status.attempt' },
  {
    name: 'Node',
    type: 'string',
    description: 'Node of the latest attempt.',
    jsonPath: '.status.attempts[-1:].node',
    priority: 1,
  },
  { name: 'Reason', type: 'string', description: 'Why, in one word.', jsonPath: '.status.reason', priority: 1 },
  { name: 'Message', type: 'string', description: 'Why, in a sentence.', jsonPath: '.status.message', priority: 1 },
  { name: 'Age', type: 'date', description: 'Time since the creation.', jsonPath: '.metadata.creationTimestamp' },
];

/** Lists whose items have a name of their own: server-side apply merges them item by item. */
const specListKeys = { inputs: ['name'], 'output.renditions': ['name'] };
const statusListKeys = { conditions: ['type'] };

/** The schema of a whole RenderJob as the API server validates it. */
export function renderJobSchema(): StructuralSchema {
  return {
    type: 'object',
    description: 'A RenderJob turns input files into finished, verified video files.',
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
