import fc from 'fast-check';
import { type Operation, operation } from '../../src/model/job/operations.ts';
import { type Output, output } from '../../src/model/job/output.ts';

/** What random jobs are about: how long their clips are, and which inputs there are. */
export interface Scene {
  readonly seconds: number;
  readonly clips: readonly string[];
  readonly audioInputs: readonly string[];
  readonly marks: readonly string[];
  readonly texts: readonly string[];
}

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const decimals = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(min * 100), max: Math.floor(max * 100) }).map((value) => value / 100);

/** Drops absent members, as JSON does. */
function tidy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Any operation that the model accepts, mostly within the clip. */
export function anyOperation({ seconds, clips, audioInputs, marks, texts }: Scene): fc.Arbitrary<Operation> {
  const moment = decimals(0, seconds * 1.1);
  const clip = fc.constantFrom(...clips);
  const range = fc.record({ start: moment, end: moment });
  const caption = fc.record({
    from: fc.integer({ min: 0, max: seconds * 1000 }),
    to: fc.integer({ min: 1, max: seconds * 1000 }),
    text: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
  });
  const region = fc.record({
    x: decimals(0, 100),
    y: decimals(0, 100),
    width: decimals(0.1, 120),
    height: decimals(0.1, 120),
    start: maybe(moment),
    end: maybe(moment),
    strength: maybe(fc.integer({ min: 1, max: 100 })),
    shape: maybe(fc.constantFrom('rectangle', 'ellipse')),
  });
  const raw = fc.oneof(
    fc.record({
      transcode: fc.record({
        force: maybe(fc.boolean()),
        rotate: maybe(fc.constantFrom(0, 90, 180, 270)),
        denoise: maybe(fc.integer({ min: 0, max: 100 })),
        sharpen: maybe(fc.integer({ min: 0, max: 100 })),
        deinterlace: maybe(fc.constantFrom('auto', 'always', 'never')),
        crop: maybe(
          fc.record({
            x: fc.integer({ min: 0, max: 50 }),
            y: fc.integer({ min: 0, max: 50 }),
            width: fc.integer({ min: 2, max: 100 }),
            height: fc.integer({ min: 2, max: 100 }),
          }),
        ),
      }),
    }),
    fc.record({
      trim: fc.record({
        start: maybe(decimals(0, seconds / 2)),
        end: maybe(decimals(seconds / 2, seconds * 1.2)),
        precise: maybe(fc.boolean()),
      }),
    }),
    fc.record({
      merge: fc.record({
        append: maybe(fc.array(clip, { maxLength: 2 })),
        prepend: maybe(fc.array(clip, { maxLength: 2 })),
        transition: maybe(
          fc.record({
            type: fc.constantFrom('fade', 'wipeLeft', 'slideRight', 'dissolve'),
            duration: decimals(0.1, 0.4),
          }),
        ),
      }),
    }),
    fc.record({ mute: fc.record({ ranges: maybe(fc.array(range, { minLength: 1, maxLength: 4 })) }) }),
    fc.record({
      addAudio: fc.record({
        input: fc.constantFrom(...audioInputs),
        mode: maybe(fc.constantFrom('mix', 'replace')),
        volume: maybe(decimals(0, 4)),
        offset: maybe(moment),
        loop: maybe(fc.boolean()),
        fadeIn: maybe(decimals(0, 2)),
        fadeOut: maybe(decimals(0, 2)),
      }),
    }),
    fc.record({
      subtitle: fc.record({
        captions: fc.array(caption, { minLength: 1, maxLength: 3 }),
        mode: maybe(fc.constantFrom('burn', 'soft')),
        language: maybe(fc.constantFrom('en', 'pt-BR')),
      }),
    }),
    fc.record({
      subtitle: fc.record({ input: fc.constantFrom(...texts), mode: maybe(fc.constantFrom('burn', 'soft')) }),
    }),
    fc.record({
      blur: fc.record({
        unit: maybe(fc.constantFrom('pixels', 'percent')),
        regions: fc.array(region, { minLength: 1, maxLength: 3 }),
      }),
    }),
    fc.record({
      speedRamp: fc.record({
        segments: fc.array(
          fc.record({ start: moment, end: moment, speed: decimals(0.25, 4), endSpeed: maybe(decimals(0.25, 4)) }),
          { minLength: 1, maxLength: 3 },
        ),
        audio: maybe(fc.constantFrom('pitch', 'drop')),
      }),
    }),
    fc.record({
      watermark: fc.record({
        input: fc.constantFrom(...marks),
        position: maybe(fc.constantFrom('topLeft', 'center', 'bottomRight', 'right')),
        margin: maybe(decimals(0, 50)),
        width: maybe(decimals(0.1, 100)),
        opacity: maybe(decimals(0, 1)),
        start: maybe(moment),
        end: maybe(moment),
      }),
    }),
    fc.record({
      normalizeLoudness: fc.record({ integrated: maybe(decimals(-70, -5)), range: maybe(decimals(1, 50)) }),
    }),
    fc.record({
      thumbnail: fc.oneof(
        fc.record({
          poster: fc.record({
            at: maybe(moment),
            width: maybe(fc.integer({ min: 16, max: 200 })),
            format: maybe(fc.constantFrom('jpeg', 'png', 'webp')),
          }),
        }),
        fc.record({
          sprite: fc.record({
            interval: maybe(decimals(0.1, 2)),
            width: maybe(fc.integer({ min: 16, max: 100 })),
            columns: maybe(fc.integer({ min: 1, max: 12 })),
          }),
        }),
        fc.record({
          preview: fc.record({
            start: maybe(moment),
            duration: maybe(decimals(0.5, 2)),
            format: maybe(fc.constantFrom('webp', 'gif')),
          }),
        }),
      ),
    }),
  );
  return raw
    .map((value) => operation.safeParse(tidy(value)))
    .filter(({ success }) => success)
    .map((parsed) => parsed.data)
    .filter((value) => value !== undefined);
}

/** Any output that the model accepts. */
export function anyOutput(): fc.Arbitrary<Output> {
  const raw = fc.record({
    container: maybe(fc.constantFrom('mp4', 'mkv', 'webm', 'mov', 'hls', 'dash')),
    video: maybe(
      fc.record({
        codec: maybe(fc.constantFrom('h264', 'hevc', 'av1', 'vp9', 'copy', 'none')),
        quality: maybe(fc.integer({ min: 1, max: 51 })),
        targetSize: maybe(fc.integer({ min: 10_000, max: 10_000_000 })),
        resolution: maybe(
          fc.record({
            width: maybe(fc.integer({ min: 16, max: 400 })),
            height: maybe(fc.integer({ min: 16, max: 400 })),
            fit: maybe(fc.constantFrom('contain', 'cover', 'stretch')),
            upscale: maybe(fc.boolean()),
          }),
        ),
        fps: maybe(fc.constantFrom(10, 24, 29.97, 60)),
        bitDepth: maybe(fc.constantFrom(8, 10)),
        hdr: maybe(fc.constantFrom('keep', 'tonemap')),
        preset: fc.constant('performance'),
      }),
    ),
    audio: maybe(
      fc.record({
        codec: maybe(fc.constantFrom('aac', 'opus', 'flac', 'mp3', 'copy', 'none')),
        channels: maybe(fc.integer({ min: 1, max: 8 })),
        sampleRate: maybe(fc.constantFrom(44_100, 48_000)),
        loudness: maybe(fc.constant({ integrated: -20 })),
      }),
    ),
    subtitles: maybe(fc.constantFrom('keep', 'drop')),
  });
  return raw
    .map((value) => output.safeParse(tidy(value)))
    .filter(({ success }) => success)
    .map((parsed) => parsed.data)
    .filter((value) => value !== undefined);
}
