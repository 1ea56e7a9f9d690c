/** One packet of a video stream; its moment in ticks of the stream's time base. */
export interface VideoPacket {
  readonly pts: number;
  readonly key: boolean;
  /** Decoded and not shown: what an edit list hides. */
  readonly hidden: boolean;
}

/** What is known of the packets near a cut. */
export interface CutPackets {
  /** In the order of decoding, without gaps, from a key frame before the first moment on. */
  readonly start: readonly VideoPacket[];
  /** Moments of the key frames in `start` at which decoding can begin without anything before. */
  readonly joints: readonly number[];
  /** The same around the second moment; absent when the cut goes to the end of the file. */
  readonly end?: readonly VideoPacket[];
}

/** Lines of `ffprobe -show_entries packet=pts,flags -of csv=p=0`, from the first key frame on. */
export function parsePackets(text: string): VideoPacket[] {
  const packets = text.split('\n').flatMap((line) => {
    const match = /^(-?\d+),([A-Z_]+)/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    return [{ pts: Number(match[1]), key: match[2][0] === 'K', hidden: match[2][1] === 'D' }];
  });
  return packets.slice(
    Math.max(
      0,
      packets.findIndex(({ key }) => key),
    ),
  );
}

/** Moments of presentation in what FFmpeg's `framecrc` printed: stream, dts, pts, duration, size, checksum. */
export function parseMoments(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const pts = /^\d+,\s*-?\d+,\s*(-?\d+),/.exec(line)?.[1];
    return pts === undefined ? [] : [Number(pts)];
  });
}
