import type { FileHandle } from 'node:fs/promises';
import { boxAt, findBox, longestBoxHeader, malformed } from '../../mp4/boxes.ts';
import { type Sample, samplesOf } from '../fragment.ts';
import { type TrackHeader, trackHeader } from '../track-header.ts';

/** Limit of a box that is read whole; a longer one is damaged. */
const longestBox = 64 * 1024 * 1024;

/** A fragmented MP4 file of one track, read from front to back. */
export interface TrackFile {
  readonly moov: Uint8Array;
  readonly header: TrackHeader;
  /** In decoding order; one fragment is in memory at a time. */
  readonly samples: AsyncGenerator<Sample>;
}

/**
 * @throws CodedError FFMPEG_FAILED when the file is not as FFmpeg's muxer writes it: one track, described before its
 *   first fragment
 */
export async function openTrack(file: FileHandle): Promise<TrackFile> {
  const boxes = topLevelBoxes(file);
  for (;;) {
    // Not for-await: leaving that loop would end the generator from which the samples are read.
    const next = await boxes.next();
    if (next.done === true) throw malformed('a file without moov');
    const { type, bytes } = next.value;
    if (type !== 'moov') continue;
    const header = trackHeader(bytes);
    return { moov: bytes, header, samples: readSamples(boxes, header) };
  }
}

interface ReadBox {
  readonly type: string;
  readonly position: number;
  /** The whole box; empty for payload, which is not read. */
  readonly bytes: Uint8Array;
}

async function* readSamples(boxes: AsyncGenerator<ReadBox>, { defaults }: TrackHeader): AsyncGenerator<Sample> {
  for await (const { type, bytes, position } of boxes) {
    if (type !== 'moof') continue;
    if (findBox(bytes, ['moof', 'traf']) === undefined) throw malformed('a fragment without a track');
    yield* samplesOf(bytes, position, defaults);
  }
}

async function* topLevelBoxes(file: FileHandle): AsyncGenerator<ReadBox> {
  const { size } = await file.stat();
  for (let position = 0; position < size; ) {
    const head = await readRange(file, position, Math.min(longestBoxHeader, size - position));
    const { type, end } = boxAt(head, 0, size - position);
    const whole = type === 'moov' || type === 'moof';
    if (whole && end > longestBox) throw malformed(`${type} of ${end} bytes`);
    yield { type, position, bytes: whole ? await readRange(file, position, end) : new Uint8Array(0) };
    position += end;
  }
}

/** Exactly these bytes. */
export async function readRange(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) throw malformed(`the end of the file at ${position + at}`);
    at += bytesRead;
  }
  return bytes;
}
