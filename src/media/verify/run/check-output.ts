import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { CodedError } from '../../../errors/coded-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { measureLoudness } from '../../filters/run/measure-loudness.ts';
import { parseWebpAnimation } from '../../outputs/webp.ts';
import { samplePlaylists } from '../../packaging/playlist-sample.ts';
import type { PlannedOutput } from '../../planning/plan.ts';
import type { Probe } from '../../probe/probe.ts';
import { countPackets, probeFile } from '../../probe/run/probe-file.ts';
import { isText, type MeasuredOutput } from '../verify.ts';
import { measureQuality } from './measure-quality.ts';

export interface CheckOptions {
  readonly tools: MediaTools;
  readonly clock: Clock;
  readonly ffmpeg: readonly [major: number, minor: number];
  readonly stallSeconds: number;
  readonly signal: AbortSignal;
}

/** Seconds that are decoded at the start, the middle and the end of a file. */
const sampleSeconds = 1;
const sampleTimeoutMs = 120_000;
/** Reading a whole file may take long on slow disks; the deadline of the attempt is the limit that counts. */
const fullTimeoutMs = 86_400_000;

/**
 * Opens, counts and decodes a rendered file, and returns the figures for `verifyOutput`. Rejects only when the check
 * itself could not run (aborted, no ffprobe); a bad file is a result.
 */
export async function measureOutput(planned: PlannedOutput, options: CheckOptions): Promise<MeasuredOutput> {
  const bytes = await stat(planned.path).then(
    ({ size }) => size,
    () => 0,
  );
  if (bytes === 0 || isText(planned)) return { bytes };
  const { tools, signal } = options;
  const playlist = planned.kind === 'playlist';
  const probe = await probeFile(planned.path, {
    tools,
    signal,
    label: 'the output',
    // A playlist opens many files, on a machine that may be busy with another job.
    ...(playlist && { playlist, timeoutMs: sampleTimeoutMs }),
  }).catch(badFile);
  if (typeof probe === 'string') return { bytes, openError: probe };
  if (isAnimatedWebp(planned)) return { bytes, ...(await animationOf(planned.path, probe)) };
  // The top-level playlist only has to open: its tracks are measured one by one.
  if (playlist && planned.track === undefined) return { bytes, probe };
  // In parallel: a check is mostly the start of short processes.
  const [packets, decode, loudness, quality] = await Promise.all([
    countPackets(planned.path, { tools, signal, timeoutMs: fullTimeoutMs, playlist }),
    decodeCheck(planned, probe, options),
    loudnessOf(planned, probe, options),
    qualityOf(planned, options),
  ]);
  return {
    bytes,
    probe,
    ...(packets.video !== undefined && { videoPackets: packets.video }),
    ...(packets.audio !== undefined && { audioPackets: packets.audio }),
    ...(decode !== undefined && { decode }),
    ...(loudness !== undefined && { loudness }),
    ...(quality !== undefined && { quality }),
  };
}

function isAnimatedWebp({ extension, kind }: PlannedOutput): boolean {
  return extension === 'webp' && kind === 'preview';
}

/** ffprobe before release 8 does not read the frames of an animation: they are counted in the chunks of the file. */
async function animationOf(path: string, probe: Probe): Promise<Partial<MeasuredOutput>> {
  const animation = parseWebpAnimation(await readFile(path));
  if (animation === undefined) return { openError: 'truncated WebP chunks' };
  const { width, height, frames } = animation;
  return {
    probe: { ...probe, video: probe.video.map((stream) => ({ ...stream, width, height })) },
    videoPackets: frames,
  };
}

function badFile(error: unknown): string {
  if (error instanceof CodedError && error.code.startsWith('INPUT_')) return error.message;
  throw error;
}

async function decodeCheck(
  planned: PlannedOutput,
  probe: Probe,
  options: CheckOptions,
): Promise<MeasuredOutput['decode']> {
  const extent = planned.contract.decode ?? 'sample';
  if (extent === 'none') return undefined;
  if (planned.kind === 'playlist' && extent === 'sample') return sampleSegments(planned.path, options);
  const starts = extent === 'full' || probe.duration <= 3 * sampleSeconds ? [undefined] : sampleStarts(probe.duration);
  const reached = extent === 'full' || starts.length === 1 ? 'full' : 'sample';
  const errors = await Promise.all(starts.map((start) => decode(planned.path, start, options)));
  const error = errors.find((one) => one !== undefined);
  return { extent: reached, ...(error !== undefined && { error }) };
}

/** Decodes single segments, as a player loads them: at most three, or all if there are fewer. */
async function sampleSegments(path: string, options: CheckOptions): Promise<MeasuredOutput['decode']> {
  const playlists = samplePlaylists(await readFile(path, 'utf8'));
  const errors = await Promise.all(
    playlists.map(async (text, index) => {
      const sample = `${path}.${index}.m3u8`;
      await writeFile(sample, text, { mode: 0o600 });
      const error = await decode(sample, undefined, options);
      await unlink(sample);
      return error;
    }),
  );
  const error = errors.find((one) => one !== undefined);
  return { extent: 'sample', ...(error !== undefined && { error }) };
}

function sampleStarts(duration: number): number[] {
  return [0, (duration - sampleSeconds) / 2, duration - sampleSeconds];
}

/** The first error of the decoders in a part of the file, or in the whole file without `start`. */
async function decode(
  path: string,
  start: number | undefined,
  { tools, signal }: CheckOptions,
): Promise<string | undefined> {
  // From the key frame before `start`: an exact seek would decode up to a whole GOP only to drop it.
  const part = start === undefined ? [] : ['-noaccurate_seek', '-ss', start.toFixed(3), '-t', String(sampleSeconds)];
  const input = ['-protocol_whitelist', 'file', ...part, '-i', `file:${path}`];
  const argv = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror', ...input, '-map', '0:v?', '-map', '0:a?'];
  // Only errors of the decoder count: the null muxer must not report time stamps.
  const run = await runTool(tools.ffmpeg, [...argv, '-fps_mode', 'passthrough', '-f', 'null', '-'], tools.env, {
    timeoutMs: start === undefined ? fullTimeoutMs : sampleTimeoutMs,
    outputBytes: 1024,
    signal,
  });
  if (run.exceeded === 'time') return `did not finish within ${sampleTimeoutMs / 1000} s`;
  const firstError = run.stderr.split('\n').find((line) => line.trim() !== '');
  if (run.exitCode === 0 && firstError === undefined) return undefined;
  return (
    firstError?.replaceAll(/ @ 0x[0-9a-f]+\]/g, ']') ??
    `FFmpeg ended with ${run.signal ?? `status ${run.exitCode ?? 0}`}`
  );
}

async function qualityOf({ comparison }: PlannedOutput, options: CheckOptions): Promise<MeasuredOutput['quality']> {
  if (comparison?.how !== 'measured') return undefined;
  const { tools, clock, ffmpeg, stallSeconds, signal } = options;
  return measureQuality({
    program: tools.ffmpeg,
    env: tools.env,
    argv: comparison.argv,
    clock,
    ffmpeg,
    stallSeconds,
    signal,
  });
}

/** Measured only on request: a limiter may correctly miss the target on audio with high peaks. */
async function loudnessOf(planned: PlannedOutput, probe: Probe, options: CheckOptions): Promise<number | undefined> {
  const { expect, contract } = planned;
  if (expect.loudness === undefined || contract.loudnessTolerance === undefined || probe.audio.length === 0)
    return undefined;
  const filter = 'loudnorm=print_format=json';
  const argv = [
    '-protocol_whitelist',
    'file',
    '-i',
    `file:${planned.path}`,
    '-map',
    '0:a:0',
    '-af',
    filter,
    '-f',
    'null',
    '-',
  ];
  const { tools, clock, ffmpeg, stallSeconds, signal } = options;
  const run = { program: tools.ffmpeg, env: tools.env, argv, clock, ffmpeg, stallSeconds, signal };
  const { integrated } = await measureLoudness({ ...run, backend: 'software' });
  return integrated;
}
