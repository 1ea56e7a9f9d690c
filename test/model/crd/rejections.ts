/** What breaks one rule of the schema: on creation, by an edit of the spec, or by a write of the status. */
export interface Rejection {
  /** Where the rule stands: items of lists are `[]`. */
  readonly path: string;
  readonly message: string;
  readonly name?: string;
  /** Members of the spec that is created, beside one input. */
  readonly spec?: object;
  /** A job with this status… */
  readonly status?: object;
  /** …whose spec is then patched with this, */
  readonly edit?: object;
  /** …or whose status is then replaced by this; null takes it away. */
  readonly next?: object | null;
}

const operation = (path: string, message: string, value: object): Rejection => ({
  path: `spec.operations[]${path}`,
  message,
  spec: { operations: [value] },
});

const output = (path: string, message: string, value: object): Rejection => ({
  path: `spec.output${path}`,
  message,
  spec: { output: value },
});

const input = (path: string, message: string, value: object): Rejection => ({
  path: `spec.inputs[]${path}`,
  message,
  spec: { inputs: [{ name: 'main', ...value }] },
});

const order = 'end must be greater than start';
const relative = 'must be a relative path: no leading slash';
const inside = 'must not contain ".."';
const oneSource = 'exactly one of url, file, asset, s3, pvc must be set';
const oneTarget = 'exactly one of asset, s3, pvc must be set';
const oneQuality = 'at most one of quality, bitrate, targetSize may be set';
const twoQualities = { codec: 'h264', quality: 20, bitrate: '4M' };
const longKey = (length: number): object => ({ [`k${'e'.repeat(length)}`]: '1' });

const status = (more: object = {}): object => ({
  phase: 'Running',
  reason: 'Rendering',
  message: 'renders',
  attempt: 2,
  failures: 0,
  disruptions: 0,
  ...more,
});
const progress = (percent: number): object => ({ percent, step: 'encoding', updatedAt: '2026-01-01T00:00:00Z' });

/** One for every rule of the schema; a test compares this list with the schema. */
export const rejections: readonly Rejection[] = [
  {
    path: '',
    message: 'the name must have at most 44 characters, so that the names of its pods fit into 63',
    name: 'n'.repeat(45),
  },
  { path: '', message: 'the name must be a DNS-1123 label: lower-case letters, digits and dashes', name: 'a.b' },
  { path: '', message: 'status cannot be removed', status: status(), next: null },
  {
    path: '',
    message:
      'only priority, suspend, cancelled, ttlSecondsAfterFinished of the spec can change once the job has started; create a new job instead',
    status: status(),
    edit: { operations: [{ trim: { start: 1 } }] },
  },
  {
    path: 'spec',
    message: 'the names of inputs must differ',
    // The list is keyed by name, so the API server finds it by that as well.
    spec: {
      inputs: [
        { name: 'a', asset: 'x' },
        { name: 'a', asset: 'y' },
      ],
    },
  },
  {
    path: 'spec',
    message: 'operations must refer to inputs by their names',
    spec: { operations: [{ addAudio: { input: 'unknown' } }] },
  },
  {
    path: 'spec',
    message: 'cancelled cannot be undone; create a new job instead',
    spec: { cancelled: true },
    edit: { cancelled: false },
  },
  input('', oneSource, { asset: 'a', file: 'b' }),
  input('.file', relative, { file: '/etc/passwd' }),
  input('.file', inside, { file: 'a/../../b' }),
  input('.pvc.path', relative, { pvc: { claimName: 'c', path: '/a' } }),
  input('.pvc.path', inside, { pvc: { claimName: 'c', path: '..' } }),
  operation(
    '',
    'exactly one of transcode, trim, merge, mute, addAudio, subtitle, blur, speedRamp, watermark, normalizeLoudness, thumbnail must be set',
    { mute: {}, trim: { start: 1 } },
  ),
  operation('.trim', order, { trim: { start: 2, end: 1 } }),
  operation('.trim', 'start or end must be set', { trim: {} }),
  operation('.merge', 'append or prepend must name at least one input', { merge: { append: [] } }),
  operation('.mute.ranges[]', order, { mute: { ranges: [{ start: 2, end: 1 }] } }),
  operation('.subtitle', 'exactly one of input, captions must be set', { subtitle: {} }),
  operation('.subtitle.captions[]', 'to must be greater than from', {
    subtitle: { captions: [{ from: 2, to: 1, text: 'late' }] },
  }),
  operation('.blur.regions[]', order, {
    blur: { regions: [{ x: 1, y: 1, width: 1, height: 1, start: 2, end: 1 }] },
  }),
  operation('.speedRamp', 'segments must not overlap', {
    speedRamp: {
      segments: [
        { start: 0, end: 2, speed: 2 },
        { start: 1, end: 3, speed: 2 },
      ],
    },
  }),
  operation('.speedRamp.segments[]', order, { speedRamp: { segments: [{ start: 2, end: 1, speed: 2 }] } }),
  operation('.watermark', order, { watermark: { input: 'main', start: 2, end: 1 } }),
  operation('.thumbnail', 'exactly one of poster, sprite, preview must be set', {
    thumbnail: { poster: {}, sprite: {} },
  }),
  output('', 'the names of renditions must differ', {
    renditions: [
      { name: 'a', video: { codec: 'h264' } },
      { name: 'a', video: { codec: 'hevc' } },
    ],
  }),
  output('', 'segmentDuration requires the container hls or dash', { segmentDuration: 4 }),
  output('', 'no rendition of hls or dash may be named main, which is the name of the multivariant playlist', {
    container: 'hls',
    renditions: [{ name: 'main', video: { codec: 'h264' } }],
  }),
  output('.video', oneQuality, { video: twoQualities }),
  output('.video.resolution', 'width or height must be set', { video: { codec: 'h264', resolution: {} } }),
  output('.renditions[].video', oneQuality, { renditions: [{ name: 'a', video: twoQualities }] }),
  output('.renditions[].video.resolution', 'width or height must be set', {
    renditions: [{ name: 'a', video: { codec: 'h264', resolution: {} } }],
  }),
  output('.destination', oneTarget, { destination: { s3: { bucket: 'bbb' }, pvc: { claimName: 'c', path: 'a' } } }),
  output('.destination.s3.prefix', relative, { destination: { s3: { bucket: 'bbb', prefix: '/a' } } }),
  output('.destination.s3.prefix', inside, { destination: { s3: { bucket: 'bbb', prefix: 'a/../b' } } }),
  output('.destination.pvc.path', relative, { destination: { pvc: { claimName: 'c', path: '/a' } } }),
  output('.destination.pvc.path', inside, { destination: { pvc: { claimName: 'c', path: '../a' } } }),
  ...['labels', 'annotations', 'nodeSelector'].map((member) => ({
    path: `spec.podTemplate.${member}`,
    message: 'keys must have at most 253 characters',
    spec: { podTemplate: { [member]: longKey(253) } },
  })),
  ...['requests', 'limits'].map((member) => ({
    path: `spec.podTemplate.${member}`,
    message: 'keys must have at most 63 characters',
    spec: { podTemplate: { [member]: longKey(63) } },
  })),
  ...['requests', 'limits'].map((member) => ({
    path: `spec.podTemplate.${member}`,
    message: 'keys must be cpu, memory or ephemeral-storage; devices are requested by the pool',
    spec: { podTemplate: { [member]: { 'gpu.intel.com/xe': '8' } } },
  })),
  {
    path: 'status',
    message: 'a job that is Succeeded, Failed or Cancelled keeps its phase',
    status: status({ phase: 'Succeeded' }),
    next: status({ phase: 'Failed' }),
  },
  { path: 'status', message: 'attempt must not decrease', status: status(), next: status({ attempt: 1 }) },
  {
    path: 'status',
    message: 'progress.percent must not decrease within an attempt',
    status: status({ progress: progress(50) }),
    next: status({ progress: progress(49) }),
  },
];
