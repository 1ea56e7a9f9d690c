type Rejection = readonly [name: string, body: object, status: number, code: string, path: string];

/** Bodies that POST /apis/render-jobs rejects: the reason, the body, the reply, and the field that it names. */
export function rejections(manifest: (metadata?: object) => object, spec: object): readonly Rejection[] {
  return [
    ['no inputs', {}, 400, 'INVALID_REQUEST', 'inputs'],
    ['an unknown field', { ...spec, inpust: [] }, 400, 'INVALID_REQUEST', 'inpust'],
    ['an operation of no kind', { ...spec, operations: [{}] }, 400, 'INVALID_REQUEST', 'operations[0]'],
    [
      'two kinds in one operation',
      { ...spec, operations: [{ mute: {}, trim: { end: 1 } }] },
      400,
      'INVALID_REQUEST',
      'operations[0]',
    ],
    [
      'a reference to no input',
      { ...spec, operations: [{ addAudio: { input: 'x' } }] },
      400,
      'INVALID_REQUEST',
      'operations',
    ],
    ['a manifest of another kind', { apiVersion: 'v1', kind: 'Pod', spec }, 400, 'INVALID_REQUEST', 'kind'],
    [
      'a wrong field in a manifest',
      { ...manifest(), spec: { inputs: [{ name: 'A', asset: '../x' }] } },
      400,
      'INVALID_REQUEST',
      'spec.inputs[0].asset',
    ],
    [
      'a label of ours',
      manifest({ labels: { 'framewright.dev/owner': 'root' } }),
      400,
      'INVALID_REQUEST',
      'metadata.labels.framewright.dev/owner',
    ],
    ['a name that is no DNS label', manifest({ name: 'A B' }), 400, 'INVALID_REQUEST', 'metadata.name'],
    [
      'a source that is not there',
      { ...spec, inputs: [{ name: 'main', asset: 'no.mp4' }] },
      400,
      'SOURCE_NOT_FOUND',
      'inputs[0]',
    ],
    [
      'a private address',
      { ...spec, inputs: [{ name: 'main', url: 'http://10.0.0.1/x' }] },
      400,
      'SOURCE_HOST_NOT_ALLOWED',
      'inputs[0]',
    ],
    ['a webhook', { ...spec, webhook: { url: 'https://example.com' } }, 400, 'INVALID_REQUEST', 'webhook'],
    [
      'a path as destination',
      { ...spec, output: { destination: { file: 'a' } } },
      400,
      'INVALID_REQUEST',
      'output.destination',
    ],
    [
      'a volume',
      { inputs: [{ name: 'main', pvc: { claimName: 'c', path: 'x' } }] },
      501,
      'UNSUPPORTED',
      'inputs[0].pvc',
    ],
  ];
}

/** Bodies that cannot be read at all. */
export const unreadableBodies: readonly (readonly [name: string, body: string, type: string])[] = [
  ['YAML that is broken', 'a: [', 'application/yaml'],
  ['two YAML documents', 'a: 1\n---\nb: 2', 'application/yaml'],
  [
    'a YAML alias bomb',
    `a: &a [x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: [*a, *a]`).join('\n')}`,
    'application/yaml',
  ],
  ['a YAML tag that makes objects', 'a: !!js/function "function(){}"', 'application/yaml'],
  ['broken JSON', '{"a":', 'application/json'],
  ['JSON that pollutes prototypes', '{"__proto__": {"admin": true}}', 'application/json'],
  ['no body', '', 'application/json'],
];
