/** One packet of a video stream; its presentation time in ticks of the stream's time base. */
export interface VideoPacket {
  readonly pts: number;
  readonly key: boolean;
  /** Decoded and not shown, because an edit list hides it. */
  readonly hidden: boolean;
}

/** What is known of the packets near a cut. */
export interface CutPackets {
  /** In decoding order, without gaps, from a key frame before the start of the cut on. */
  readonly start: readonly VideoPacket[];
  /** Presentation times of the key frames in `start` at which decoding can begin. */
  readonly splicePoints: readonly number[];
  /** The same around the end of the cut; absent when the cut goes to the end of the file. */
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

/** Presentation times in what FFmpeg's `framecrc` printed: stream, dts, pts, duration, size, checksum. */
export function parseTimes(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const pts = /^\d+,\s*-?\d+,\s*(-?\d+),/.exec(line)?.[1];
    return pts === undefined ? [] : [Number(pts)];
  });
}
