import { output } from './ffmpeg.ts';

const rate = 16_000;

/** Mono samples from -1 to 1 at 16 kHz. */
export async function samples(file: string): Promise<Float32Array> {
  const bytes = await output('ffmpeg', ['-i', file, '-vn', '-ac', '1', '-ar', String(rate), '-f', 'f32le', '-']);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function between(audio: Float32Array, from: number, to: number): Float32Array {
  return audio.subarray(Math.round(from * rate), Math.round(to * rate));
}

/** Loudness of a stretch in dB below full scale; silence is -120. */
export function level(audio: Float32Array, from: number, to: number): number {
  const part = between(audio, from, to);
  const power = part.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, part.length);
  return Math.max(-120, 10 * Math.log10(power + 1e-12));
}

/** Level of one tone in a stretch, in dB (Goertzel's algorithm). */
export function tone(audio: Float32Array, frequency: number, from: number, to: number): number {
  const part = between(audio, from, to);
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let [last, beforeLast] = [0, 0];
  for (const sample of part) [last, beforeLast] = [sample + coefficient * last - beforeLast, last];
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  return Math.max(-120, 10 * Math.log10((2 * power) / Math.max(1, part.length) ** 2 + 1e-12));
}
