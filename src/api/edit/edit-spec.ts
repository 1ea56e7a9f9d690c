import type { Input } from '../../model/job/inputs.ts';
import type { Caption, Operation } from '../../model/job/operations.ts';
import type { Acceleration, RenderJobSpec } from '../../model/job/render-job.ts';
import { sourceOf } from '../jobs/sources.ts';
import type { EditBody, EditOperation } from './edit-bodies.ts';

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

type Folders = readonly string[];

function inputsOf(sources: readonly Source[], folders: Folders): Pick<Parts, 'inputs' | 'paths'> {
  return {
    inputs: sources.map(({ name, url, path }) => ({ name, ...sourceOf(url, folders, path) })),
    paths: Object.fromEntries(sources.map(({ name, path }) => [name, path])),
  };
}

const video = (url: string): Source => ({ name: 'v1', url, path: 'videoUrl' });

type Builders = { readonly [O in EditOperation]: (body: EditBody<O>, folders: Folders) => Parts };

const builders: Builders = {
  trim: ({ videoUrl, start, end, precise }, folders) => ({
    ...inputsOf([video(videoUrl)], folders),
    operation: { trim: { start, end, precise } },
  }),
  merge: ({ videoUrls, transition }, folders) => {
    const sources = videoUrls.map((url, index) => ({ name: `v${index + 1}`, url, path: `videoUrls[${index}]` }));
    const append = sources.slice(1).map(({ name }) => name);
    return { ...inputsOf(sources, folders), operation: { merge: { append, transition } } };
  },
  mute: ({ videoUrl, ranges }, folders) => ({
    ...inputsOf([video(videoUrl)], folders),
    operation: { mute: { ranges } },
  }),
  'add-audio': ({ videoUrl, audioUrl, mode, volume, offset, loop, fadeIn, fadeOut }, folders) => ({
    ...inputsOf([video(videoUrl), { name: 'audio', url: audioUrl, path: 'audioUrl' }], folders),
    operation: { addAudio: { input: 'audio', mode, volume, offset, loop, fadeIn, fadeOut } },
  }),
  subtitle: ({ videoUrl, subtitleUrl, captions, mode, language, style }, folders) => {
    const text = subtitleUrl === undefined ? [] : [{ name: 'subtitle', url: subtitleUrl, path: 'subtitleUrl' }];
    const source = subtitleUrl === undefined ? { captions } : { input: 'subtitle' };
    return {
      ...inputsOf([video(videoUrl), ...text], folders),
      operation: { subtitle: { ...source, mode, language, style } },
    };
  },
  blur: ({ videoUrl, regions, unit }, folders) => ({
    ...inputsOf([video(videoUrl)], folders),
    operation: { blur: { regions, unit } },
  }),
  'speed-ramp': ({ videoUrl, segments, audio }, folders) => ({
    ...inputsOf([video(videoUrl)], folders),
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
 * The spec of an Edit request, and the field of the body that each input came from.
 *
 * @param folders the beginnings of URLs of ours
 */
export function editSpec<O extends EditOperation>(
  type: O,
  body: EditBody<O>,
  folders: Folders,
): { readonly spec: RenderJobSpec; readonly paths: Readonly<Record<string, string>> } {
  const { inputs, operation, paths } = builders[type](body, folders);
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
