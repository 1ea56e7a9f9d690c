import { z } from 'zod';
import { output } from './ffmpeg.ts';

/** One property of an output that was checked. */
export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What was expected and what was measured. */
  readonly figures: string;
}

export function near(what: string, measured: number, expected: number, tolerance: number, unit = ''): Check {
  return {
    what,
    ok: Math.abs(measured - expected) <= tolerance,
    figures: `expected ${round(expected)}${unit} ± ${round(tolerance)}, measured ${round(measured)}${unit}`,
  };
}

export function atLeast(what: string, measured: number, least: number, unit = ''): Check {
  return {
    what,
    ok: measured >= least,
    figures: `expected at least ${round(least)}${unit}, measured ${round(measured)}${unit}`,
  };
}

export function atMost(what: string, measured: number, most: number, unit = ''): Check {
  return {
    what,
    ok: measured <= most,
    figures: `expected at most ${round(most)}${unit}, measured ${round(measured)}${unit}`,
  };
}

export function equal(what: string, measured: unknown, expected: unknown): Check {
  return { what, ok: measured === expected, figures: `expected ${String(expected)}, measured ${String(measured)}` };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const seconds = z.coerce.number();
const probed = z.object({
  format: z.object({ duration: seconds }),
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string().optional(),
      width: z.int().optional(),
      height: z.int().optional(),
      start_time: seconds.optional(),
      duration: seconds.optional(),
      nb_read_packets: z.coerce.number().optional(),
    }),
  ),
});

export interface Facts {
  readonly duration: number;
  /** Where video and audio end, in seconds. */
  readonly videoEnd: number;
  readonly audioEnd: number;
  readonly frames: number;
  readonly size: string;
  readonly codecs: string;
}

/** What ffprobe reports about a file with video and audio. */
export async function factsOf(file: string): Promise<Facts> {
  const text = await output('ffprobe', ['-count_packets', '-show_format', '-show_streams', '-of', 'json', file]);
  const { format, streams } = probed.parse(JSON.parse(text.toString()));
  const video = streams.find(({ codec_type: type }) => type === 'video');
  const audio = streams.find(({ codec_type: type }) => type === 'audio');
  const end = (stream: typeof video): number => (stream?.start_time ?? 0) + (stream?.duration ?? Number.NaN);
  return {
    duration: format.duration,
    videoEnd: end(video),
    audioEnd: end(audio),
    frames: video?.nb_read_packets ?? 0,
    size: `${video?.width ?? 0}x${video?.height ?? 0}`,
    codecs: [video?.codec_name, audio?.codec_name].join('/'),
  };
}
