import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../../errors/coded-error.ts';
import { malformed } from '../../mp4/boxes.ts';
import { isSync, type Sample } from '../fragment.ts';
import { isIndependent } from '../independent-frame.ts';
import type { KeyframeFacts, PackagedMedia, SegmentFacts } from '../packaged-stream.ts';
import { fragmentsOf, segmentType } from '../segment-bytes.ts';
import { type Boundaries, segmentCutter } from '../segment-cut.ts';
import { type StreamPlan, type StreamTrack, streamNames } from '../stream-plan.ts';
import { initSegment, type TrackHeader } from '../track-header.ts';
import { openTrack, readRange } from './track-file.ts';

/** Bytes of a frame in which its first slice is searched; SEI messages before it may be long. */
const headBytes = 64 * 1024;
const copyBytes = 1024 * 1024;

interface Cut extends Omit<SegmentFacts, 'duration'> {
  /** Ticks of all its samples. */
  readonly length: number;
}

/**
 * Cuts the file that FFmpeg wrote for one track into an initialization segment and media segments in the folder of the
 * set. The sample table of one segment is in memory at a time, its payload never.
 *
 * @throws CodedError FFMPEG_FAILED when a segment of an encoded video does not decode without the one before
 */
export async function cutTrack(
  plan: StreamPlan,
  track: StreamTrack,
  boundaries: Boundaries,
  signal: AbortSignal,
): Promise<PackagedMedia> {
  await using source = await open(track.path, 'r');
  const { header, moov, samples } = await openTrack(source);
  await writeFile(join(plan.folder, streamNames.init(plan.prefix, track.id)), initSegment(moov, header));
  const writer = new SegmentWriter(plan, track, header, source);
  const begins = segmentCutter(boundaries);
  let pending: Sample[] = [];
  for await (const stored of samples) {
    const sample = { ...stored, decode: stored.decode + header.delay };
    const mayBegin = track.kind === 'audio' || isSync(sample);
    const starts = begins(writer.timeOf(sample) / header.timescale, sample.duration / header.timescale, mayBegin);
    if (starts && pending.length > 0) {
      signal.throwIfAborted();
      await writer.write(pending);
      pending = [];
    }
    pending.push(sample);
  }
  if (pending.length === 0) throw malformed(`no samples in ${track.id}`);
  await writer.write(pending);
  return writer.facts();
}

class SegmentWriter {
  readonly #plan: StreamPlan;
  readonly #track: StreamTrack;
  readonly #header: TrackHeader;
  readonly #source: FileHandle;
  readonly #cuts: Cut[] = [];
  readonly #keyframes: Omit<KeyframeFacts, 'duration'>[] = [];
  #sequence = 1;
  #independent = true;

  constructor(plan: StreamPlan, track: StreamTrack, header: TrackHeader, source: FileHandle) {
    this.#plan = plan;
    this.#track = track;
    this.#header = header;
    this.#source = source;
  }

  /** Presentation time of a sample in ticks. */
  timeOf({ decode, composition }: Sample): number {
    return decode + composition - this.#header.skipped;
  }

  async write(samples: readonly Sample[]): Promise<void> {
    const number = this.#cuts.length + 1;
    const video = this.#track.kind === 'video';
    if (video) await this.#checkStart(samples[0], number);
    const fragments = fragmentsOf(samples, this.#header.trackId, this.#sequence, video);
    this.#sequence += fragments.length;
    const path = join(this.#plan.folder, streamNames.segment(this.#plan.prefix, this.#track.id, number));
    await using target = await open(path, 'wx', 0o600);
    await target.write(segmentType);
    let bytes = segmentType.length;
    for (const fragment of fragments) {
      await target.write(fragment.head);
      await copySamples(this.#source, target, fragment.samples);
      const [first] = fragment.samples;
      if (video && first !== undefined && isSync(first))
        this.#keyframes.push({ start: this.timeOf(first), segment: number, offset: bytes, bytes: fragment.size });
      bytes += fragment.size;
    }
    const start = samples.reduce((least, sample) => Math.min(least, this.timeOf(sample)), Number.POSITIVE_INFINITY);
    const length = samples.reduce((ticks, { duration }) => ticks + duration, 0);
    this.#cuts.push({ start, length, bytes, frames: samples.length });
  }

  /** A player must be able to switch renditions at every segment; the encoder arguments request such frames. */
  async #checkStart(first: Sample | undefined, number: number): Promise<void> {
    const { codec, nalLengthSize } = this.#header;
    const head = first && (await readRange(this.#source, first.offset, Math.min(first.size, headBytes)));
    const decodes =
      first !== undefined && isSync(first) && isIndependent(head ?? new Uint8Array(0), codec, nalLengthSize);
    if (decodes) return;
    this.#independent = false;
    if (this.#track.copied) return;
    throw new CodedError(
      'FFMPEG_FAILED',
      `Expected segment ${number} of ${this.#track.id} to start with a frame that decodes by itself, got one that does not`,
    );
  }

  facts(): PackagedMedia {
    const { timescale, codec, width, height } = this.#header;
    const last = this.#cuts.at(-1);
    const end = last === undefined ? 0 : last.start + last.length;
    // The priming of an audio encoder and a late start belong to the first segment.
    const startOf = ({ start }: Cut, index: number): number => (index === 0 ? 0 : start);
    const segments = this.#cuts.map((cut, index, cuts) => {
      const following = cuts[index + 1];
      const start = startOf(cut, index);
      return { start, duration: (following?.start ?? end) - start, bytes: cut.bytes, frames: cut.frames };
    });
    const frames = this.#cuts.reduce((count, cut) => count + cut.frames, 0);
    const ticks = this.#cuts.reduce((length, cut) => length + cut.length, 0);
    return {
      track: this.#track,
      timescale,
      codec,
      width,
      height,
      frameRate: ticks > 0 ? (frames * timescale) / ticks : 0,
      segments,
      keyframes: this.#keyframes.map((keyframe, index, all) => ({
        ...keyframe,
        duration: (all[index + 1]?.start ?? end) - keyframe.start,
      })),
      independent: this.#independent,
    };
  }
}

/** Copies contiguous samples in one range. */
async function copySamples(source: FileHandle, target: FileHandle, samples: readonly Sample[]): Promise<void> {
  let [from, to] = [samples[0]?.offset ?? 0, samples[0]?.offset ?? 0];
  for (const { offset, size } of samples) {
    if (offset !== to) {
      await copyRange(source, target, from, to);
      from = offset;
    }
    to = offset + size;
  }
  await copyRange(source, target, from, to);
}

async function copyRange(source: FileHandle, target: FileHandle, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += copyBytes) {
    await target.write(await readRange(source, at, Math.min(copyBytes, to - at)));
  }
}
