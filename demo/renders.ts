import type { UploadedFile } from '../src/cli/client/replies.ts';
import { level, samples, tone } from './audio.ts';
import { atLeast, atMost, type Check, equal, factsOf, near } from './checks.ts';
import { detail, difference, frameAt, meanColor, numberOf, type Region } from './frames.ts';
import { captionText, clip, type Sources } from './sources.ts';

type Uploads = Readonly<Record<keyof Sources, UploadedFile>>;

/** One request of the demo, and the checks of its output. */
export interface Render {
  readonly title: string;
  readonly path: string;
  readonly body: (uploads: Uploads) => unknown;
  /** @param processes number of FFmpeg processes that the job took */
  readonly check: (file: string, sources: Sources, processes: number | undefined) => Promise<Check[]>;
}

const fast = { video: { preset: 'performance' } } as const;
const { fps, seconds, tone: clipTone, secondTone, musicTones, second } = clip;

const trimmed = { start: 3, end: 8 };
const muted = { start: 5, end: 8 };
const ramp = { start: 4, end: 16, speed: 4 };
const blurred = { x: 1100, y: 400, width: 480, height: 360, start: 4, end: 12 };
/** Where burnt-in text is, and a part of the frame where nothing may change. */
const textBand: Region = { x: 480, y: 930, width: 960, height: 130 };
const untouched: Region = { x: 300, y: 300, width: 480, height: 360 };

export const renders: readonly Render[] = [
  {
    title: 'trim',
    path: '/api/trim',
    body: ({ clip: file }) => ({ videoUrl: file.url, ...trimmed, output: fast }),
    check: async (file) => [
      near('duration', (await factsOf(file)).duration, trimmed.end - trimmed.start, 0.05, ' s'),
      equal('first frame', numberOf(await frameAt(file, 0)), trimmed.start * fps),
      equal(
        'last frame',
        numberOf(await frameAt(file, (trimmed.end - trimmed.start) * fps - 1)),
        trimmed.end * fps - 1,
      ),
    ],
  },
  {
    title: 'merge',
    path: '/api/merge',
    body: ({ clip: file, second: other }) => ({ videoUrls: [file.url, other.url], output: fast }),
    check: async (file) => {
      const color = await meanColor(file, (seconds + 2) * fps);
      const audio = await samples(file);
      return [
        near('duration', (await factsOf(file)).duration, seconds + second.seconds, 0.1, ' s'),
        equal('frame before the cut', numberOf(await frameAt(file, seconds * fps - 1)), seconds * fps - 1),
        near('red after the cut', color.r, second.color.r, 12),
        near('blue after the cut', color.b, second.color.b, 12),
        atLeast(
          'tone of the second clip over that of the first',
          tone(audio, secondTone, seconds + 1, seconds + 3) - tone(audio, clipTone, seconds + 1, seconds + 3),
          30,
          ' dB',
        ),
      ];
    },
  },
  {
    title: 'mute',
    path: '/api/mute',
    body: ({ clip: file }) => ({ videoUrl: file.url, ranges: [muted] }),
    check: async (file, sources) => {
      const [audio, original] = [await samples(file), await samples(sources.clip)];
      return [
        near('duration', (await factsOf(file)).duration, seconds, 0.1, ' s'),
        atMost('level inside', level(audio, muted.start + 0.05, muted.end - 0.05), -70, ' dB'),
        near('level before', level(audio, 1, muted.start - 0.1), level(original, 1, muted.start - 0.1), 0.5, ' dB'),
        near(
          'level after',
          level(audio, muted.end + 0.1, seconds - 1),
          level(original, muted.end + 0.1, seconds - 1),
          0.5,
          ' dB',
        ),
      ];
    },
  },
  {
    title: 'add-audio',
    path: '/api/add-audio',
    body: ({ clip: file, music }) => ({ videoUrl: file.url, audioUrl: music.url, mode: 'mix', volume: 0.5 }),
    check: async (file, sources) => {
      const [audio, original] = [await samples(file), await samples(sources.clip)];
      return [
        near('duration', (await factsOf(file)).duration, seconds, 0.1, ' s'),
        ...musicTones.map((frequency) =>
          atLeast(
            `${frequency} Hz over before`,
            tone(audio, frequency, 5, 15) - tone(original, frequency, 5, 15),
            20,
            ' dB',
          ),
        ),
        near(`${clipTone} Hz of the clip`, tone(audio, clipTone, 5, 15), tone(original, clipTone, 5, 15), 7, ' dB'),
      ];
    },
  },
  {
    title: 'subtitle',
    path: '/api/subtitle',
    body: ({ clip: file, captions }) => ({ videoUrl: file.url, subtitleUrl: captions.url, mode: 'burn', output: fast }),
    check: async (file, sources) => {
      const [during, before] = [(captionText.from + 2) * fps, (captionText.from - 2) * fps];
      const [shown, plain] = [await frameAt(file, during), await frameAt(sources.clip, during)];
      return [
        near('duration', (await factsOf(file)).duration, seconds, 0.1, ' s'),
        atLeast('change where the text is', difference(shown, plain, textBand), 8),
        atMost('change elsewhere', difference(shown, plain, untouched), 3),
        atMost(
          'change before the text',
          difference(await frameAt(file, before), await frameAt(sources.clip, before), textBand),
          3,
        ),
      ];
    },
  },
  {
    title: 'blur',
    path: '/api/blur',
    body: ({ clip: file }) => ({ videoUrl: file.url, regions: [blurred], output: fast }),
    check: async (file, sources) => {
      const [during, after] = [8 * fps, 14 * fps];
      const [shown, plain] = [await frameAt(file, during), await frameAt(sources.clip, during)];
      const later = [await frameAt(file, after), await frameAt(sources.clip, after)] as const;
      return [
        near('duration', (await factsOf(file)).duration, seconds, 0.1, ' s'),
        atMost('detail left inside', detail(shown, blurred) / detail(plain, blurred), 0.5),
        near('detail left elsewhere', detail(shown, untouched) / detail(plain, untouched), 1, 0.1),
        near('detail inside, after its end', detail(later[0], blurred) / detail(later[1], blurred), 1, 0.1),
      ];
    },
  },
  {
    title: 'speed-ramp',
    path: '/api/speed-ramp',
    body: ({ clip: file }) => ({ videoUrl: file.url, segments: [ramp], audio: 'pitch', output: fast }),
    check: async (file) => {
      const length = seconds - (ramp.end - ramp.start) * (1 - 1 / ramp.speed);
      const { videoEnd, audioEnd } = await factsOf(file);
      const shown = numberOf(await frameAt(file, 6 * fps));
      const audio = await samples(file);
      return [
        near('video ends', videoEnd, length, 0.1, ' s'),
        near('audio ends with it', audioEnd, videoEnd, 0.1, ' s'),
        near('frame at 6 s', shown ?? Number.NaN, (ramp.start + 2 * ramp.speed) * fps, ramp.speed),
        atLeast(
          'pitch kept: tone over its neighbourhood',
          tone(audio, clipTone, 4.5, 6.5) - tone(audio, clipTone * ramp.speed, 4.5, 6.5),
          20,
          ' dB',
        ),
      ];
    },
  },
  {
    title: 'chain of four',
    path: '/apis/render-jobs',
    body: ({ clip: file, captions }) => ({
      inputs: [
        { name: 'clip', asset: file.id },
        { name: 'captions', asset: captions.id },
      ],
      operations: [
        { blur: { regions: [blurred] } },
        { subtitle: { input: 'captions' } },
        { trim: { start: 3, end: 11 } },
        { mute: { ranges: [{ start: 5, end: 8 }] } },
      ],
      output: fast,
    }),
    check: async (file, sources, processes) => {
      // 8 s of the clip is 5 s of the output.
      const [shown, plain] = [await frameAt(file, 5 * fps), await frameAt(sources.clip, 8 * fps)];
      const audio = await samples(file);
      return [
        equal('FFmpeg processes', processes, 1),
        near('duration', (await factsOf(file)).duration, 8, 0.05, ' s'),
        equal('first frame', numberOf(await frameAt(file, 0)), 3 * fps),
        atMost('detail left in the blur', detail(shown, blurred) / detail(plain, blurred), 0.5),
        atLeast('change where the text is', difference(shown, plain, textBand), 8),
        atMost('change elsewhere', difference(shown, plain, untouched), 3),
        atMost('level in the muted end', level(audio, 5.1, 7.9), -70, ' dB'),
        atLeast('level before it', level(audio, 1, 4.9), -30, ' dB'),
      ];
    },
  },
];
