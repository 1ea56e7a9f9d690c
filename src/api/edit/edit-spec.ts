import type { Input } from '../../model/job/inputs.ts';
import type { Caption, Operation } from '../../model/job/operations.ts';
import type { Acceleration, RenderJobSpec } from '../../model/job/render-job.ts';
import { sourceOf } from '../jobs/sources.ts';
import type { EditBody, EditOperation } from './edit-bodies.ts';

/** Parts of a spec from one request, and the field of the body that each input came from. */
interface Parts {
  readonly inputs: readonly Input[];
  readonly operation: Operation;
  readonly paths: Readonly<Record<string, string>>;
}

/** A source URL of a body, with the name of its input. */
interface Source {
  readonly name: string;
  readonly url: string;
  readonly path: string;
}

/** Starts of URLs of assets of this installation. */
type AssetPrefixes = readonly string[];

function inputsOf(sources: readonly Source[], prefixes: AssetPrefixes): Pick<Parts, 'inputs' | 'paths'> {
  return {
    inputs: sources.map(({ name, url, path }) => ({ name, ...sourceOf(url, prefixes, path) })),
    paths: Object.fromEntries(sources.map(({ name, path }) => [name, path])),
  };
}

const video = (url: string): Source => ({ name: 'v1', url, path: 'videoUrl' });

type Builders = { readonly [O in EditOperation]: (body: EditBody<O>, prefixes: AssetPrefixes) => Parts };

const builders: Builders = {
  trim: ({ videoUrl, start, end, precise }, prefixes) => ({
    ...inputsOf([video(videoUrl)], prefixes),
    operation: { trim: { start, end, precise } },
  }),
  merge: ({ videoUrls, transition }, prefixes) => {
    const sources = videoUrls.map((url, index) => ({ name: `v${index + 1}`, url, path: `videoUrls[${index}]` }));
    const append = sources.slice(1).map(({ name }) => name);
    return { ...inputsOf(sources, prefixes), operation: { merge: { append, transition } } };
  },
  mute: ({ videoUrl, ranges }, prefixes) => ({
    ...inputsOf([video(videoUrl)], prefixes),
    operation: { mute: { ranges } },
  }),
  'add-audio': ({ videoUrl, audioUrl, mode, volume, offset, loop, fadeIn, fadeOut }, prefixes) => ({
    ...inputsOf([video(videoUrl), { name: 'audio', url: audioUrl, path: 'audioUrl' }], prefixes),
    operation: { addAudio: { input: 'audio', mode, volume, offset, loop, fadeIn, fadeOut } },
  }),
  subtitle: ({ videoUrl, subtitleUrl, captions, mode, language, style }, prefixes) => {
    const text = subtitleUrl === undefined ? [] : [{ name: 'subtitle', url: subtitleUrl, path: 'subtitleUrl' }];
    const source = subtitleUrl === undefined ? { captions } : { input: 'subtitle' };
    return {
      ...inputsOf([video(videoUrl), ...text], prefixes),
      operation: { subtitle: { ...source, mode, language, style } },
    };
  },
  blur: ({ videoUrl, regions, unit }, prefixes) => ({
    ...inputsOf([video(videoUrl)], prefixes),
    operation: { blur: { regions, unit } },
  }),
  'speed-ramp': ({ videoUrl, segments, audio }, prefixes) => ({
    ...inputsOf([video(videoUrl)], prefixes),
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

/**
 * The spec of a request, and the field of the body that each input came from.
 *
 * @param prefixes starts of URLs of assets of this installation
 */
export function editSpec<O extends EditOperation>(
  type: O,
  body: EditBody<O>,
  prefixes: AssetPrefixes,
): { readonly spec: RenderJobSpec; readonly paths: Readonly<Record<string, string>> } {
  const { inputs, operation, paths } = builders[type](body, prefixes);
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

/** The same spec with its captions in a file, for captions that do not fit into a job. */
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

/** The captions inside a spec. */
export function captionsOf(spec: RenderJobSpec): readonly Caption[] | undefined {
  return spec.operations?.find(({ subtitle }) => subtitle?.captions !== undefined)?.subtitle?.captions;
}
