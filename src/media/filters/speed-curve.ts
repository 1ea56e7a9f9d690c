/** A part of a timeline whose speed goes linearly from `speed` to `endSpeed`. Times in seconds. */
export interface SpeedSegment {
  readonly start: number;
  readonly end: number;
  readonly speed: number;
  readonly endSpeed: number;
}

/** A segment with the moments of the new timeline where it starts and ends. */
export interface SpeedPiece extends SpeedSegment {
  readonly outStart: number;
  readonly outEnd: number;
}

/** Below this change per second the speed counts as constant: the logarithm would lose all its digits. */
const flat = 1e-6;

/** A shorter gap in seconds is the rounding of a number such as 0.1 + 0.2, and a piece of it would have no length of its own. */
const grain = 1e-10;

/**
 * Seconds that the first `elapsed` seconds of a segment take at its speed. For v(t) = v0 + c t that is the integral of
 * dt / v(t): ln(1 + c t / v0) / c, and t / v0 for a constant speed.
 */
function integral({ start, end, speed, endSpeed }: SpeedSegment, elapsed: number): number {
  const slope = (endSpeed - speed) / (end - start);
  return Math.abs(slope) < flat ? elapsed / speed : Math.log1p((slope * elapsed) / speed) / slope;
}

/** The whole timeline as pieces without gaps; what no segment covers keeps its speed. Segments must not overlap. */
export function speedCurve(segments: readonly SpeedSegment[], duration: number): SpeedPiece[] {
  const pieces: SpeedPiece[] = [];
  let at = 0;
  let out = 0;
  const add = (segment: SpeedSegment): void => {
    if (segment.end - segment.start < grain) return;
    const outEnd = out + integral(segment, segment.end - segment.start);
    pieces.push({ ...segment, outStart: out, outEnd });
    out = outEnd;
    at = segment.end;
  };
  for (const segment of [...segments].sort((a, b) => a.start - b.start)) {
    if (segment.start >= duration) continue;
    add({ start: at, end: segment.start, speed: 1, endSpeed: 1 });
    // Without a gap, or with none to speak of, it starts where the last one ends.
    add({ ...clipped(segment, duration), start: at < segment.start - grain ? segment.start : at });
  }
  add({ start: at, end: duration, speed: 1, endSpeed: 1 });
  return pieces;
}

/** A segment up to the end of the timeline, with the speed that it has reached there. */
function clipped(segment: SpeedSegment, duration: number): SpeedSegment {
  if (segment.end <= duration) return segment;
  return { ...segment, end: duration, endSpeed: speedAt(segment, duration) };
}

function speedAt({ start, end, speed, endSpeed }: SpeedSegment, moment: number): number {
  return speed + ((endSpeed - speed) * (moment - start)) / (end - start);
}

/** Where a moment of the old timeline lies on the new one. */
export function outTime(curve: readonly SpeedPiece[], moment: number): number {
  const piece = curve.find(({ end }) => moment <= end) ?? curve.at(-1);
  if (piece === undefined) return moment;
  return piece.outStart + integral(piece, Math.min(Math.max(moment, piece.start), piece.end) - piece.start);
}

/** The curve as an expression of setpts, in ticks. Conditions form a tree: FFmpeg's parser nests 100 deep at most. */
export function setptsExpression(curve: readonly SpeedPiece[]): string {
  return `round((${choose(curve)})/TB)`;
}

function choose(pieces: readonly SpeedPiece[]): string {
  const [first] = pieces;
  if (first === undefined) return 'T';
  if (pieces.length === 1) return formula(first);
  const middle = Math.floor(pieces.length / 2);
  const border = pieces[middle]?.start ?? 0;
  return `if(lt(T,${exact(border)}),${choose(pieces.slice(0, middle))},${choose(pieces.slice(middle))})`;
}

function formula({ start, end, speed, endSpeed, outStart }: SpeedPiece): string {
  const slope = (endSpeed - speed) / (end - start);
  const elapsed = `(T-${exact(start)})`;
  if (Math.abs(slope) < flat) return `${exact(outStart)}+${elapsed}/${exact(speed)}`;
  return `${exact(outStart)}+log(1+${elapsed}*${exact(slope / speed)})/${signed(slope)}`;
}

function exact(value: number): string {
  const text = value.toFixed(12).replace(/\.?0+$/, '');
  return value < 0 ? `(${text})` : text;
}

const signed = exact;

/** Pieces of constant speed, short enough that the steps between them are small; the ends are those of the curve. */
export function steps(curve: readonly SpeedPiece[], most: number): SpeedPiece[] {
  const ramps = curve.filter(({ speed, endSpeed }) => speed !== endSpeed).length;
  const share = Math.max(2, Math.floor(most / Math.max(1, ramps)));
  return curve.flatMap((piece) => {
    if (piece.speed === piece.endSpeed) return [piece];
    const wanted = Math.ceil(Math.abs(Math.log(piece.endSpeed / piece.speed)) / Math.log(largestStep));
    const count = Math.max(1, Math.min(share, wanted, Math.floor((piece.outEnd - piece.outStart) / shortestStep)));
    return Array.from({ length: count }, (_, index) => {
      const start = piece.start + ((piece.end - piece.start) * index) / count;
      const end = index === count - 1 ? piece.end : piece.start + ((piece.end - piece.start) * (index + 1)) / count;
      const outStart = outTime([piece], start);
      const outEnd = outTime([piece], end);
      const speed = (end - start) / (outEnd - outStart);
      return { start, end, outStart, outEnd, speed, endSpeed: speed };
    });
  });
}

/** A change of tempo of six per cent is hardly audible. */
const largestStep = 1.06;
/** A time stretcher needs a few of its windows, in seconds. */
const shortestStep = 0.15;
