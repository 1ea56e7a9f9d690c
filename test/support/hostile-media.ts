import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ffmpeg } from './media.ts';

// Files as the world sends them. Each maker writes one file of 320x180 and 25 frames per second, or what is wrong with it.

/** Two seconds of moving video and a tone. */
const video = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=2'];
const tone = ['-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=2'];
/** Without B-frames and with a key frame every half second. */
const fast = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12', '-pix_fmt', 'yuv420p', '-g', '12'];
const aac = ['-c:a', 'aac', '-shortest'];

type Maker = (to: string, at: (name: string) => string) => Promise<unknown>;

const bytesOf =
  (content: string | Uint8Array): Maker =>
  (to) =>
    writeFile(to, content);
const encoded =
  (...argv: readonly string[]): Maker =>
  (to) =>
    ffmpeg(...argv, to);

/** A part of another file, from its beginning. */
const cut =
  (name: string, share: number): Maker =>
  async (to, at) => {
    const bytes = await readFile(at(name));
    await writeFile(to, bytes.subarray(0, Math.floor(bytes.length * share)));
  };

/** Another file with a few of its bytes changed. */
const changed =
  (name: string, change: (bytes: Buffer) => void): Maker =>
  async (to, at) => {
    const bytes = await readFile(at(name));
    change(bytes);
    await writeFile(to, bytes);
  };

/** Calls back with the position after each type of an MP4 box. */
function eachBox(bytes: Buffer, box: string, change: (start: number) => void): void {
  for (let at = bytes.indexOf(box); at >= 0; at = bytes.indexOf(box, at + 4)) change(at + 4);
}

/** The display matrix of the first track: how a player must rotate the video (ISO/IEC 14496-12, 8.3.2). */
const turned = (a: number, b: number, c: number, d: number): Maker =>
  changed('clip.mp4', (bytes) => {
    const matrix = [a, b, 0, c, d, 0, 0, 0, 16_384].map((value) => Math.round(value * 65_536));
    const start = bytes.indexOf('tkhd') + 4 + 40;
    for (const [index, value] of matrix.entries()) bytes.writeInt32BE(value, start + 4 * index);
  });

const hours = 4 * 3600;

/** Every header of an MP4 claims four hours. */
const claimsHours = changed('clip.mp4', (bytes) => {
  for (const box of ['mvhd', 'mdhd'])
    eachBox(bytes, box, (at) => bytes.writeUInt32BE(hours * bytes.readUInt32BE(at + 12), at + 16));
  const movieScale = bytes.readUInt32BE(bytes.indexOf('mvhd') + 4 + 12);
  eachBox(bytes, 'tkhd', (at) => bytes.writeUInt32BE(hours * movieScale, at + 20));
  eachBox(bytes, 'elst', (at) => bytes.writeUInt32BE(hours * movieScale, at + 8));
});

/** Megabytes of title, thousands of tags, and chapters of four hours. */
const bloated: Maker = async (to, at) => {
  const chapter = (index: number): string =>
    `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${index * 2880}\nEND=${(index + 1) * 2880}\ntitle=Chapter ${index}\n`;
  const tags = Array.from({ length: 4000 }, (_, index) => `key${index}=value\n`).join('');
  const text = `;FFMETADATA1\ntitle=${'x'.repeat(3_000_000)}\n${tags}`;
  await writeFile(`${to}.txt`, text + Array.from({ length: 5000 }, (_, index) => chapter(index)).join(''));
  const tagged = ['-map_metadata', '1', '-map_chapters', '1', '-movflags', 'use_metadata_tags', '-c', 'copy'];
  await ffmpeg('-i', at('clip.mp4'), '-i', `${to}.txt`, ...tagged, to);
};

/** H.264 whose frames change to a quarter of their size after two seconds. */
const shrinking: Maker = async (to, at) => {
  await ffmpeg('-i', at('clip.mp4'), '-an', '-c', 'copy', `${to}.1.h264`);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=1', ...fast, `${to}.2.h264`);
  await writeFile(`${to}.h264`, Buffer.concat([await readFile(`${to}.1.h264`), await readFile(`${to}.2.h264`)]));
  await ffmpeg('-i', `${to}.h264`, '-c', 'copy', to);
};

const voices = (count: number): string =>
  Array.from({ length: count }, (_, index) => `0.2*sin(2*PI*${200 * (index + 1)}*t)`).join('|');

const makers: Readonly<Record<string, Maker>> = {
  'clip.mp4': encoded(...video, ...tone, ...fast, ...aac),
  'clip.mkv': (to, at) => ffmpeg('-i', at('clip.mp4'), '-c', 'copy', to),
  'faststart.mp4': (to, at) => ffmpeg('-i', at('clip.mp4'), '-c', 'copy', '-movflags', '+faststart', to),
  'cover.jpg': encoded('-f', 'lavfi', '-i', 'testsrc2=s=64x64', '-frames:v', '1'),

  'empty.mp4': bytesOf(''),
  'no-index.mp4': cut('clip.mp4', 0.5),
  'cut.mp4': cut('faststart.mp4', 0.6),
  'cut.mkv': cut('clip.mkv', 0.6),
  'noise.mp4': bytesOf(Uint8Array.from({ length: 50_000 }, (_, index) => (index * index * 31 + index * 7) % 251)),
  'archive.mp4': bytesOf(Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(3000)])),
  'words.mp4': bytesOf('just some words\n'.repeat(200)),
  'list.mp4': bytesOf('ffconcat version 1.0\nfile clip.mp4\n'),
  'playlist.mp4': bytesOf('#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nclip.mp4\n#EXT-X-ENDLIST\n'),
  'page.mp4': bytesOf('<!DOCTYPE html><video src="clip.mp4"></video><script>fetch("http://127.0.0.1:9/")</script>\n'),
  'session.mp4': bytesOf(
    'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n',
  ),
  'subtitles.mp4': bytesOf('1\n00:00:00,000 --> 00:00:01,000\nHello\n'),

  'tone.m4a': (to, at) => ffmpeg('-i', at('clip.mp4'), '-vn', '-c', 'copy', to),
  'silent.mp4': encoded(...video, ...fast),
  'song.mp3': (to, at) =>
    ffmpeg(...tone, '-i', at('cover.jpg'), '-c:a', 'libmp3lame', '-c:v', 'copy', '-disposition:v', 'attached_pic', to),
  'covered.mp4': (to, at) =>
    ffmpeg(
      '-i',
      at('cover.jpg'),
      '-i',
      at('clip.mp4'),
      '-map',
      '0',
      '-map',
      '1',
      '-c',
      'copy',
      '-disposition:v:0',
      'attached_pic',
      to,
    ),
  'one.mp4': encoded(...video, '-frames:v', '1', ...fast),
  'odd.mp4': encoded(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=319x179:r=25:d=1,format=yuv444p',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-crf',
    '12',
  ),
  'odd420.mp4': encoded('-f', 'lavfi', '-i', 'testsrc2=s=319x179:r=25:d=1', ...fast),
  'dot.mkv': encoded('-f', 'lavfi', '-i', 'color=red:s=1x1:r=25:d=0.4,format=yuv444p', '-c:v', 'ffv1'),
  '422.mp4': encoded(...video, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12', '-pix_fmt', 'yuv422p10le'),
  'alpha.webm': encoded(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=320x180:r=25:d=1,format=yuva420p',
    '-c:v',
    'libvpx-vp9',
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
  ),
  'full.avi': encoded(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=320x180:r=25:d=1',
    '-c:v',
    'mjpeg',
    '-q:v',
    '2',
    '-pix_fmt',
    'yuvj420p',
  ),
  'varying.mp4': encoded(
    ...video,
    '-vf',
    "select='not(mod(n,3))+lt(n,20)'",
    '-fps_mode',
    'vfr',
    '-enc_time_base',
    '1:90000',
    ...fast,
  ),
  'fields.mp4': encoded(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=320x180:r=50:d=2',
    '-vf',
    'interlace',
    '-flags',
    '+ilme+ildct',
    ...fast,
  ),
  'six.mkv': encoded(...video, '-f', 'lavfi', '-i', `aevalsrc=${voices(6)}:c=5.1:s=48000:d=2`, ...fast, '-c:a', 'flac'),
  'sixteen.mkv': encoded(
    ...video,
    '-f',
    'lavfi',
    '-i',
    `aevalsrc=${voices(16)}:s=48000:d=2`,
    ...fast,
    '-c:a',
    'pcm_s16le',
  ),
  'tracks.mkv': (to, at) =>
    ffmpeg(
      '-i',
      at('clip.mp4'),
      '-f',
      'lavfi',
      '-i',
      'sine=f=900:r=48000:d=2',
      '-map',
      '0',
      '-map',
      '1',
      '-c:v',
      'copy',
      '-c:a:0',
      'copy',
      '-c:a:1',
      'aac',
      to,
    ),

  'late.mkv': (to, at) => ffmpeg('-itsoffset', '5', '-i', at('clip.mp4'), '-c', 'copy', '-copyts', to),
  'early.mp4': (to, at) => ffmpeg('-itsoffset', '-0.4', '-i', at('clip.mp4'), '-c', 'copy', '-copyts', to),
  'gap.mkv': encoded(...video, '-vf', "setpts='if(lt(N,25),PTS,PTS+3600/TB)'", '-fps_mode', 'vfr', ...fast),
  'disordered.mkv': encoded(...video, ...fast, '-bsf:v', "setts=pts='if(eq(mod(N,5),3),PTS-80,PTS)'"),
  'packed.avi': encoded(...video, '-c:v', 'mpeg4', '-q:v', '3', '-bf', '2'),
  'spliced.ts': async (to, at) => {
    await ffmpeg('-i', at('clip.mp4'), '-c', 'copy', '-f', 'mpegts', `${to}.1`);
    await writeFile(to, Buffer.concat([await readFile(`${to}.1`), await readFile(`${to}.1`)]));
  },
  'recorded.webm': encoded(
    ...video,
    ...tone,
    '-c:v',
    'libvpx',
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
    '-b:v',
    '2M',
    '-c:a',
    'libopus',
    '-shortest',
    '-live',
    '1',
  ),
  'raw.h264': (to, at) => ffmpeg('-i', at('clip.mp4'), '-an', '-c', 'copy', to),
  'hours.mp4': claimsHours,
  'bloated.mp4': bloated,
  'shrinking.mp4': shrinking,
  'shrinking.mkv': async (to, at) => {
    await shrinking(`${to}.mp4`, at);
    await ffmpeg('-i', `${to}.mp4`, '-c', 'copy', to);
  },

  'turn90.mp4': turned(0, 1, -1, 0),
  'turn180.mp4': turned(-1, 0, 0, -1),
  'turn270.mp4': turned(0, -1, 1, 0),
  'mirror.mp4': turned(-1, 0, 0, 1),
  'upside-down.mp4': turned(1, 0, 0, -1),
  'transposed.mp4': turned(0, 1, 1, 0),
  'transversed.mp4': turned(0, -1, -1, 0),
  'askew.mp4': turned(Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2),
};

/** Makes all of it in a folder, in this order: some are made of others. */
export async function makeHostileMedia(dir: string): Promise<void> {
  const at = (name: string): string => join(dir, name);
  for (const [name, make] of Object.entries(makers)) await make(at(name), at);
  await copyFile(at('clip.mp4'), at('%03d.mp4'));
}
