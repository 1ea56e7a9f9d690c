import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Output } from '../../src/model/job/output.ts';
import { decodedFrames, lightOf, peakSignalToNoise, videoPackets } from '../support/decoded-frames.ts';
import {
  brightness,
  ffmpeg,
  grayFrames,
  level,
  makeClip,
  probe,
  type Rendered,
  render,
  samples,
  scratch,
} from '../support/media.ts';

let dir: Awaited<ReturnType<typeof scratch>>;

beforeAll(async () => {
  dir = await scratch();
});
afterAll(async () => dir[Symbol.asyncDispose]());

/** Arguments of an encoder with its own options. */
function x264(options: string, ...more: readonly string[]): string[] {
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-x264-params', options];
  return [...encoder, '-pix_fmt', 'yuv420p', '-c:a', 'aac', ...more];
}

function x265(options: string, ...more: readonly string[]): string[] {
  const encoder = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `log-level=error:${options}`];
  return [...encoder, '-tag:v', 'hvc1', '-pix_fmt', 'yuv420p', '-c:a', 'aac', ...more];
}

const ten = ['-pix_fmt', 'yuv420p10le'];
/** Frames at uneven times: two of five are dropped. */
const uneven = ['-vf', "select='not(eq(mod(n,5),1)+eq(mod(n,5),2))'", '-fps_mode', 'vfr'];

interface Source {
  readonly file: string;
  readonly args: readonly string[];
  readonly rate?: string;
}

const sources: Readonly<Record<string, Source>> = {
  'H.264 in MP4': { file: 'a.mp4', args: x264('keyint=20:min-keyint=20:bframes=3:b-pyramid=normal') },
  'H.264 in Matroska at 29.97': { file: 'b.mkv', rate: '30000/1001', args: x264('keyint=20:bframes=3') },
  'H.264 from a transport stream': { file: 'c.ts', args: x264('keyint=20:bframes=2', '-f', 'mpegts') },
  'H.264 in QuickTime without B-frames or CABAC': { file: 'd.mov', args: x264('keyint=20', '-profile:v', 'baseline') },
  'H.264 of 10 bits in Matroska': { file: 'e.mkv', args: x264('keyint=20:bframes=3', ...ten) },
  'H.264 with open GOPs and a refresh': {
    file: 'f.mp4',
    args: x264('keyint=15:bframes=3:open-gop=1', '-force_key_frames', '1', '-forced-idr', '1'),
  },
  'H.264 of slices, with its own access unit delimiters': { file: 'g.mp4', args: x264('keyint=20:slices=4:aud=1') },
  'H.264 with uneven frame times': { file: 'h.mp4', args: x264('keyint=12:bframes=3', ...uneven) },
  'HEVC with open GOPs in MP4': { file: 'i.mp4', args: x265('keyint=20:min-keyint=20:bframes=4') },
  'HEVC with closed GOPs in Matroska': { file: 'j.mkv', args: x265('keyint=20:bframes=3:no-open-gop=1') },
  'HEVC of 10 bits in QuickTime': { file: 'k.mov', args: x265('keyint=20:bframes=4', ...ten) },
  'HEVC from a transport stream': { file: 'l.ts', args: x265('keyint=20:bframes=3', '-f', 'mpegts') },
  'HEVC with uneven frame times in Matroska': { file: 'm.mkv', args: x265('keyint=12:bframes=3', ...uneven) },
};

async function sourceOf({ file, args, rate = '30' }: Source): Promise<string> {
  return makeClip(`${dir.path}/${file}`, { seconds: 3, size: '192x108', rate, args });
}

interface Cut {
  readonly start?: number;
  readonly end?: number;
}

function cutOf(clip: string, trim: Cut, output: Output = {}): Promise<Rendered> {
  return render(dir.path, { inputs: { clip }, operations: [{ trim }], output });
}

/** Compares an output with a full decode of its source, frame by frame. */
async function compare(clip: string, output: string, { start = 0, end = Number.POSITIVE_INFINITY }: Cut) {
  const { startTime, video } = await probe(clip);
  const half = video[0]?.variableFrameRate ? 0.0005 : 0.5 / 30;
  const all = await decodedFrames(clip);
  const index = all.flatMap(({ time }, at) =>
    time - startTime >= start - half && time - startTime < end - half ? [at] : [],
  );
  const wanted = index.map((at) => ({ ...(all[at] ?? { time: 0, hash: '' }), at }));
  const got = await decodedFrames(output);
  expect(got).toHaveLength(wanted.length);
  const [before, after] = [await grayFrames(clip, 192, 108), await grayFrames(output, 192, 108)];
  const first = wanted[0]?.time ?? 0;
  return wanted.map(({ time, hash, at }, position) => ({
    same: got[position]?.hash === hash,
    /** Seconds by which the frame is shown later than in the source, counted from the first frame. */
    late: (got[position]?.time ?? Number.NaN) - (got[0]?.time ?? 0) - (time - first),
    quality: peakSignalToNoise(before[at], after[position]),
  }));
}

describe('a smart cut', () => {
  test.for(Object.entries(sources))('of %s', async ([, source]) => {
    const clip = await sourceOf(source);
    const cut = { start: 0.5, end: 2.3 };
    const { plan, path } = await cutOf(clip, cut);
    const { precision } = plan;
    expect(precision?.why).toBeUndefined();
    expect(precision?.method).toBe('smart-cut');
    const frames = await compare(clip, path(), cut);
    const encoded = (precision?.encoded ?? []).reduce((total, part) => total + part.frames, 0);
    expect(encoded).toBe(precision?.encodedFrames);
    expect(encoded).toBeGreaterThan(0);
    expect(encoded).toBeLessThan(frames.length / 2);
    expect(frames.filter(({ same }) => same).length).toBe(frames.length - encoded);
    // The re-encoded head, then the copied frames without a gap, then the re-encoded tail.
    const head = precision?.encoded?.find((part) => part.start === 0)?.frames ?? 0;
    expect(frames.findIndex(({ same }) => same)).toBe(head);
    for (const { late, quality } of frames) {
      expect(Math.abs(late)).toBeLessThan(0.002);
      expect(quality).toBeGreaterThan(40);
    }
    // Matroska stores no decoding times.
    const packets = (await videoPackets(path())).filter(({ dts }) => Number.isFinite(dts));
    for (const [index, { dts, pts }] of packets.entries()) {
      expect(dts).toBeLessThanOrEqual(pts);
      if (index > 0) expect(dts).toBeGreaterThan(packets[index - 1]?.dts ?? 0);
    }
    const { duration, video, audio } = await probe(path());
    expect(Math.abs(duration - 1.8)).toBeLessThan(0.034);
    // Matroska has no negative times, so its video begins after the packet that primes the audio decoder.
    const primed = path().endsWith('mkv') ? 0.022 : 0.001;
    expect(Math.abs((audio[0]?.startTime ?? 1) - (video[0]?.startTime ?? 0))).toBeLessThan(primed);
    expect(Math.abs((audio[0]?.duration ?? 0) - 1.8)).toBeLessThan(0.034);
  });

  test('keeps video and audio in sync', async () => {
    // A white flash and a beep at every half second.
    const pulse = 'lt(mod(t+0.001,0.5),0.1)';
    const clip = await makeClip(`${dir.path}/pulse.mp4`, {
      seconds: 4,
      video: 'color=c=black',
      audio: `0.5*sin(2*PI*880*t)*${pulse}`,
      args: ['-vf', `geq=lum='16+219*${pulse.replaceAll('t+', 'T+')}':cb=128:cr=128`, ...x264('keyint=20:bframes=3')],
    });
    const { plan, path } = await cutOf(clip, { start: 0.7, end: 3.3 });
    expect(plan.precision?.method).toBe('smart-cut');
    const whole = { x: 0, y: 0, width: 320, height: 180 };
    const bright = (await grayFrames(path())).map((frame) => brightness(frame, whole) > 128);
    const flashes = bright.flatMap((on, index) => (on && bright[index - 1] === false ? [index / 30] : []));
    const signal = await samples(path(), 48_000);
    const loud = Array.from({ length: Math.floor(signal.length / 48) }, (_, at) =>
      level(signal, at / 1000, (at + 1) / 1000),
    );
    const beeps = loud.flatMap((value, at) =>
      value > 0.1 && Math.max(...loud.slice(Math.max(0, at - 50), at), 0) < 0.1 ? [at / 1000] : [],
    );
    expect(flashes).toHaveLength(5);
    expect(beeps).toHaveLength(5);
    for (const [index, flash] of flashes.entries()) {
      expect(Math.abs(flash - (0.3 + index * 0.5))).toBeLessThan(0.017);
      expect(Math.abs(flash - (beeps[index] ?? 0))).toBeLessThan(1 / 30);
    }
  });

  test('is exact anywhere within a GOP', async () => {
    const clip = await makeClip(`${dir.path}/each.mp4`, {
      seconds: 2,
      size: '192x108',
      audio: false,
      args: x265('keyint=10:min-keyint=10:bframes=4'),
    });
    for (const frame of [1, 4, 7]) {
      const cut = { start: frame / 30, end: (frame + 37) / 30 };
      const { plan, path } = await cutOf(clip, cut);
      const frames = await compare(clip, path(), cut);
      expect(frames).toHaveLength(37);
      expect(frames.filter(({ same }) => same)).toHaveLength(37 - (plan.precision?.encodedFrames ?? 0));
      expect(plan.precision).toMatchObject({ method: 'smart-cut', startErrorSeconds: 0, endErrorSeconds: 0 });
    }
  });

  test('copies all frames where both ends are between two GOPs', async () => {
    const clip = await makeClip(`${dir.path}/both.mp4`, {
      seconds: 3,
      args: x264('keyint=30:min-keyint=30:bframes=3'),
    });
    const { plan, path } = await cutOf(clip, { start: 1, end: 2 });
    expect(plan.backend).toBe('copy');
    expect(plan.precision).toMatchObject({ method: 'smart-cut', encodedFrames: 0, encoded: [] });
    const frames = await compare(clip, path(), { start: 1, end: 2 });
    expect(frames).toHaveLength(30);
    expect(frames.every(({ same }) => same)).toBe(true);
  });

  test('goes into another container, beside other audio, and without audio', async () => {
    const clip = await sourceOf({ file: 'n.mp4', args: x264('keyint=20:bframes=3', '-metadata', 'title=Kept') });
    const cut = { start: 0.5, end: 2.3 };
    const moved = await cutOf(clip, cut, { container: 'mkv' });
    expect(moved.plan.precision?.method).toBe('smart-cut');
    expect((await compare(clip, moved.path(), cut)).filter(({ same }) => same).length).toBeGreaterThan(30);
    const operations = [{ trim: cut }, { mute: {} }];
    const mute = await render(dir.path, { inputs: { clip }, operations });
    expect(mute.plan.precision?.method).toBe('smart-cut');
    expect((await probe(mute.path())).audio).toHaveLength(0);
    expect((await ffmpeg('-v', 'info', '-i', mute.path(), '-f', 'ffmetadata', '-y', '-')).includes('Kept')).toBe(true);
    expect((await compare(clip, mute.path(), cut)).filter(({ same }) => same).length).toBeGreaterThan(30);
  });

  test('keeps rotation, pixel shape and colours', async () => {
    const flat = await makeClip(`${dir.path}/flat.mp4`, {
      seconds: 3,
      args: x264('keyint=20:bframes=3:colorprim=bt709:transfer=bt709:colormatrix=bt709', '-vf', 'setsar=4/3'),
    });
    const clip = `${dir.path}/turned.mp4`;
    await ffmpeg('-i', flat, '-c', 'copy', '-metadata:s:v', 'rotate=90', clip);
    const { plan, path } = await cutOf(clip, { start: 0.5, end: 2.5 });
    expect(plan.precision?.method).toBe('smart-cut');
    const [before, after] = [(await probe(clip)).video[0], (await probe(path())).video[0]];
    expect(before).toMatchObject({ sampleAspectRatio: { num: 4, den: 3 }, colorSpace: 'bt709' });
    expect(before?.rotation).not.toBe(0);
    for (const field of ['rotation', 'sampleAspectRatio', 'colorSpace', 'colorTransfer', 'profile'] as const)
      expect(after?.[field]).toEqual(before?.[field]);
  });
});

test('HDR metadata is in re-encoded frames too', async () => {
  const display = 'G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)';
  const colours = 'colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc';
  const clip = await makeClip(`${dir.path}/hdr.mp4`, {
    seconds: 2,
    size: '192x108',
    audio: false,
    args: [
      ...x265(`keyint=20:min-keyint=20:master-display=${display}:max-cll=1000,400:${colours}`, ...ten),
      '-vf',
      'setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv',
    ],
  });
  const { plan, path } = await cutOf(clip, { start: 0.3, end: 1.9 });
  expect(plan.precision?.method).toBe('smart-cut');
  expect(plan.precision?.encoded?.[0]).toMatchObject({ start: 0 });
  const [first] = await lightOf(path());
  expect(first).toEqual({ brightest: '10000000/10000', content: 1000 });
  expect((await lightOf(path())).slice(1)).toContainEqual(first);
  expect((await probe(path())).video[0]).toMatchObject({ colorTransfer: 'smpte2084', colorPrimaries: 'bt2020' });
});

describe('all frames are encoded, and the plan has the reason, for', () => {
  const cut = { start: 0.5, end: 1.4 };
  const cases: Readonly<Record<string, readonly [readonly string[], string]>> = {
    'a codec that is not cut by copying': [['-c:v', 'mpeg4', '-bf', '2', '-c:a', 'aac'], 'mpeg4 is not cut by copying'],
    'interlaced video': [x264('keyint=10:tff=1', '-flags', '+ildct'), 'interlaced'],
    '4:2:2 video': [x264('keyint=10', '-pix_fmt', 'yuv422p'), 'yuv422p'],
    'a cut without a key frame that decoding can begin at': [x264('keyint=15:open-gop=1:bframes=3'), 'no key frame'],
    'a cut within one GOP': [x264('keyint=300'), 'no key frame'],
  };
  test.for(Object.entries(cases))('%s', async ([name, [args, why]]) => {
    const clip = await makeClip(`${dir.path}/${name.replaceAll(/\W/g, '-')}.mp4`, {
      seconds: 2,
      size: '192x108',
      args,
    });
    const { plan, path } = await cutOf(clip, cut);
    expect(plan.precision).toMatchObject({ method: 're-encode', copiedFrames: 0, startErrorSeconds: 0 });
    expect(plan.precision?.why).toContain(why);
    if (args.includes('+ildct')) {
      // Deinterlaced, so no frame is that of the source.
      expect(await decodedFrames(path())).toHaveLength(27);
      return;
    }
    const frames = await compare(clip, path(), cut);
    expect(frames).toHaveLength(27);
    // Consecutive frames of this clip are below 28 dB.
    for (const { late, quality } of frames) {
      expect(Math.abs(late)).toBeLessThan(0.002);
      expect(quality).toBeGreaterThan(32);
    }
  });
});

test('a cut far after the only key frame of a transport stream has the right frames', async () => {
  const args = x264('keyint=300:bframes=2', '-f', 'mpegts');
  const clip = await makeClip(`${dir.path}/rare.ts`, { seconds: 5, size: '192x108', args });
  const cut = { start: 4.2, end: 4.7 };
  const { plan, path } = await cutOf(clip, cut);
  expect(plan.precision?.method).toBe('re-encode');
  const frames = await compare(clip, path(), cut);
  expect(frames).toHaveLength(15);
  for (const { quality } of frames) expect(quality).toBeGreaterThan(32);
});
