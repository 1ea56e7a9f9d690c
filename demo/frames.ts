import { output } from './ffmpeg.ts';
import { clip, counter } from './sources.ts';

export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One frame as 8-bit luma. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
}

/** The frame with this number, at the clip's own rate. */
export async function frameAt(file: string, number: number): Promise<Frame> {
  const { width, height } = clip;
  const luma = await output('ffmpeg', [...seek(number), '-i', file, '-frames:v', '1', ...raw('gray')]);
  if (luma.length !== width * height)
    throw new Error(`expected frame ${number} of ${width}x${height}, got ${luma.length} bytes`);
  return { width, height, luma };
}

/** The mean colour of a frame. */
export async function meanColor(file: string, number: number): Promise<{ r: number; g: number; b: number }> {
  const pixels = await output('ffmpeg', [
    ...seek(number),
    '-i',
    file,
    '-frames:v',
    '1',
    '-vf',
    'scale=64:36',
    ...raw('rgb24'),
  ]);
  const mean = (channel: number): number => {
    let sum = 0;
    for (let index = channel; index < pixels.length; index += 3) sum += pixels[index] ?? 0;
    return sum / (pixels.length / 3);
  };
  return { r: mean(0), g: mean(1), b: mean(2) };
}

function seek(number: number): string[] {
  // Half a frame early: a seek gives the first frame at or after the time.
  return ['-ss', Math.max(0, (number - 0.5) / clip.fps).toFixed(6)];
}

function raw(format: string): string[] {
  return ['-f', 'rawvideo', '-pix_fmt', format, '-'];
}

/** The number that a frame of the clip carries; `undefined` where a square is neither black nor white. */
export function numberOf(frame: Frame): number | undefined {
  const { bits, side, x, y } = counter;
  let number = 0;
  for (let bit = 0; bit < bits; bit += 1) {
    // The middle of the square: its borders are blurred by the encode.
    const light = mean(frame, { x: x + bit * side + side / 4, y: y + side / 4, width: side / 2, height: side / 2 });
    if (light > 80 && light < 170) return undefined;
    if (light >= 170) number += 2 ** bit;
  }
  return number;
}

function mean({ luma, width }: Frame, region: Region): number {
  let sum = 0;
  for (const index of indices(region, width)) sum += luma[index] ?? 0;
  return sum / (region.width * region.height);
}

/** Mean difference between neighbouring pixels: how much detail a region has. */
export function detail({ luma, width }: Frame, region: Region): number {
  let sum = 0;
  for (const index of indices(region, width)) {
    const here = luma[index] ?? 0;
    sum += Math.abs(here - (luma[index + 1] ?? here)) + Math.abs(here - (luma[index + width] ?? here));
  }
  return sum / (region.width * region.height);
}

/** Mean difference of two frames in a region. */
export function difference(a: Frame, b: Frame, region: Region): number {
  let sum = 0;
  for (const index of indices(region, a.width)) sum += Math.abs((a.luma[index] ?? 0) - (b.luma[index] ?? 0));
  return sum / (region.width * region.height);
}

function* indices({ x, y, width, height }: Region, stride: number): Generator<number> {
  for (let row = y; row < y + height; row += 1)
    for (let column = x; column < x + width; column += 1) yield row * stride + column;
}
