import type { Input } from '../model/inputs.ts';
import type { Caption, Operation } from '../model/operations.ts';
import type { Acceleration, RenderJobSpec } from '../model/render-job.ts';
import type { EditBody, EditOperation } from './edit-bodies.ts';
import { sourceOf } from './sources.ts';

/** What one request of the Edit API comes to: the parts of a spec, and where each input came from in the body. */
interface Parts {
  readonly inputs: readonly Input[];
  readonly operation: Operation;
  readonly paths: Readonly<Record<string, string>>;
}

/** A source URL of a body under the name that its input will have. */
interface Source {
  readonly name: string;
  readonly url: string;
  readonly path: string;
}

type Bases = readonly string[];

function inputsOf(sources: readonly Source[], bases: Bases): Pick<Parts, 'inputs' | 'paths'> {
  return {
    inputs: sources.map(({ name, url, path }) => ({ name, ...sourceOf(url, bases, path) })),
    paths: Object.fromEntries(sources.map(({ name, path }) => [name, path])),
  };
}

const video = (url: string): Source => ({ name: 'v1', url, path: 'videoUrl' });

type Builders = { readonly [O in EditOperation]: (body: EditBody<O>, bases: Bases) => Parts };

const builders: Builders = {
  trim: ({ videoUrl, start, end, precise }, bases) => ({
    ...inputsOf([video(videoUrl)], bases),
    operation: { trim: { start, end, precise } },
  }),
  merge: ({ videoUrls, transition }, bases) => {
    const sources = videoUrls.map((url, index) => ({ name: `v${index + 1}`, url, path: `videoUrls[${index}]` }));
    const append = sources.slice(1).map(({ name }) => name);
    return { ...inputsOf(sources, bases), operation: { merge: { append, transition } } };
  },
  mute: ({ videoUrl, ranges }, bases) => ({ ...inputsOf([video(videoUrl)], bases), operation: { mute: { ranges } } }),
  'add-audio': ({ videoUrl, audioUrl, mode, volume, offset, loop, fadeIn, fadeOut }, bases) => ({
    ...inputsOf([video(videoUrl), { name: 'audio', url: audioUrl, path: 'audioUrl' }], bases),
    operation: { addAudio: { input: 'audio', mode, volume, offset, loop, fadeIn, fadeOut } },
  }),
  subtitle: ({ videoUrl, subtitleUrl, captions, mode, language, style }, bases) => {
    const text = subtitleUrl === undefined ? [] : [{ name: 'subtitle', url: subtitleUrl, path: 'subtitleUrl' }];
    const source = subtitleUrl === undefined ? { captions } : { input: 'subtitle' };
    return {
      ...inputsOf([video(videoUrl), ...text], bases),
      operation: { subtitle: { ...source, mode, language, style } },
    };
  },
  blur: ({ videoUrl, regions, unit }, bases) => ({
    ...inputsOf([video(videoUrl)], bases),
    operation: { blur: { regions, unit } },
  }),
  'speed-ramp': ({ videoUrl, segments, audio }, bases) => ({
    ...inputsOf([video(videoUrl)], bases),
    operation: { speedRamp: { segments, audio } },
  }),
};

const accelerationOf: Readonly<Record<NonNullable<EditBody['acceleration']>, Acceleration>> = {
  Required: 'Required',
  required: 'Required',
  Preferred: 'Preferred',
  preferred: 'Preferred',
  Disabled: 'Disabled',
  disabled: 'Disabled',
};

/** The spec of an Edit request, and the field of the body that each input came from. `bases` are the URLs of this server. */
export function editSpec<O extends EditOperation>(
  type: O,
  body: EditBody<O>,
  bases: Bases,
): { readonly spec: RenderJobSpec; readonly paths: Readonly<Record<string, string>> } {
  const { inputs, operation, paths } = builders[type](body, bases);
  const { output, acceleration, priority } = body;
  const spec = {
    inputs: [...inputs],
    operations: [operation],
    output,
    acceleration: acceleration && accelerationOf[acceleration],
    priority,
  };
  return { spec, paths };
}

/** The same spec with its captions in a file instead: for more of them than a job holds. */
export function withCaptionsFile(spec: RenderJobSpec, asset: string): RenderJobSpec {
  return {
    ...spec,
    inputs: [...spec.inputs, { name: 'subtitle', asset }],
    operations: (spec.operations ?? []).map((operation) => {
      if (operation.subtitle?.captions === undefined) return operation;
      const { captions: _inFile, ...rest } = operation.subtitle;
      return { subtitle: { ...rest, input: 'subtitle' } };
    }),
  };
}

/** The captions that a spec holds itself. */
export function captionsOf(spec: RenderJobSpec): readonly Caption[] | undefined {
  return spec.operations?.find(({ subtitle }) => subtitle?.captions !== undefined)?.subtitle?.captions;
}
