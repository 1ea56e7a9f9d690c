import type { ContractCheck } from '../../model/job/output-contract.ts';
import type { PlannedOutput } from '../planning/plan.ts';
import type { Probe } from '../probe/probe.ts';
import { type QualityFigures, qualityChecks } from './quality-figures.ts';

/** The measured properties of a rendered file. */
export interface MeasuredOutput {
  /** Size of the file; 0 when it is missing. */
  readonly bytes: number;
  /** Absent when the file does not open, or is a text file. */
  readonly probe?: Probe;
  /** Why it does not open. */
  readonly openError?: string;
  /** Packets of the first video and the first audio stream, counted by reading the whole file. */
  readonly videoPackets?: number;
  readonly audioPackets?: number;
  readonly decode?: {
    readonly extent: 'sample' | 'full';
    /** First error of the decoder. */
    readonly error?: string;
  };
  /** Integrated loudness in LUFS, when the contract requires it. */
  readonly loudness?: number;
  /** Similarity to the filtered source, when the contract has a floor for it. */
  readonly quality?: QualityFigures;
}

/** Checks of one output in the order in which they matter. All of them must be `ok` before anything is published. */
export function verifyOutput(planned: PlannedOutput, measured: MeasuredOutput): ContractCheck[] {
  const { probe } = measured;
  const opens = openCheck(planned, measured);
  if (!opens.ok || probe === undefined) return [opens];
  return [
    opens,
    streamCheck(planned, probe),
    sizeCheck(planned, probe),
    durationCheck(planned, probe),
    packetCheck(planned, measured),
    frameCheck(planned, measured),
    audioCheck(planned, measured, probe),
    decodeCheck(measured),
    loudnessCheck(planned, measured),
    ...qualityChecks(planned, measured.quality),
  ].filter((check) => check !== undefined);
}

/** The first known remedy of the failed checks. */
export function remedyOf(failed: readonly ContractCheck[]): string | undefined {
  return failed.map(({ name }) => remedies[name]).find((remedy) => remedy !== undefined);
}

const quality =
  'Request a better encode: a lower output.video.quality, a higher bitrate or targetSize, or preset quality; or lower the floor in output.contract.';
const remedies: Readonly<Partial<Record<ContractCheck['name'], string>>> = {
  xpsnr: quality,
  ssim: quality,
  loudness: 'Lower the target so that the peaks leave room for it, or raise output.contract.loudnessTolerance.',
};

/** Text outputs that refer to no media: there is nothing to decode in them. */
export function isText({ expect, kind }: Pick<PlannedOutput, 'kind' | 'expect'>): boolean {
  return kind === 'vtt' || kind === 'report' || (kind === 'playlist' && !expect.video && !expect.audio);
}

function openCheck(planned: PlannedOutput, { bytes, probe, openError }: MeasuredOutput): ContractCheck {
  const expected = `a readable ${planned.extension} file`;
  if (bytes === 0) return { name: 'opens', ok: false, expected, measured: 'an empty or missing file' };
  if (isText(planned)) return { name: 'opens', ok: true, expected, measured: `${bytes} bytes` };
  const measured = probe === undefined ? short(openError ?? 'a file that does not open') : short(probe.format);
  return { name: 'opens', ok: probe !== undefined, expected, measured };
}

function streamCheck({ expect }: PlannedOutput, probe: Probe): ContractCheck {
  const video = probe.video[0];
  const audio = probe.audio[0];
  const ok =
    expect.video === (video !== undefined) &&
    (!expect.audio || audio !== undefined) &&
    (!expect.video || expect.videoCodec === undefined || expect.videoCodec === video?.codec) &&
    (!expect.audio || expect.audioCodec === undefined || expect.audioCodec === audio?.codec);
  return {
    name: 'streams',
    ok,
    expected: streams(
      expect.video ? (expect.videoCodec ?? 'video') : undefined,
      expect.audio ? (expect.audioCodec ?? 'audio') : undefined,
    ),
    measured: streams(video?.codec, audio?.codec),
  };
}

function sizeCheck({ expect }: PlannedOutput, probe: Probe): ContractCheck | undefined {
  const video = probe.video[0];
  if (video === undefined || (expect.width === undefined && expect.height === undefined)) return undefined;
  const width = expect.width ?? video.width;
  const height = expect.height ?? video.height;
  return {
    name: 'size',
    ok: video.width === width && video.height === height,
    expected: `${width}x${height}`,
    measured: `${video.width}x${video.height}`,
  };
}

/** Within one frame or 50 ms, the greater, unless the contract or the plan says otherwise. */
function durationCheck({ expect, contract }: PlannedOutput, probe: Probe): ContractCheck | undefined {
  if (expect.duration === undefined) return undefined;
  const measured = playingSeconds(probe);
  const rate = probe.video[0]?.frameRate;
  const frame = rate !== undefined && rate.num > 0 ? rate.den / rate.num : 0;
  const tolerance = (contract.durationTolerance ?? Math.max(frame, 0.05)) + (expect.tolerance ?? 0);
  // Tolerates a millisecond: containers round their time stamps.
  const ok = Math.abs(measured - expect.duration) <= tolerance + 0.001;
  return {
    name: 'duration',
    ok,
    expected: `${seconds(expect.duration)} s, give or take ${seconds(tolerance)} s`,
    measured: `${seconds(measured)} s`,
  };
}

/** Duration of video and audio: that of the file includes the last subtitle, which may be beyond their end. */
function playingSeconds({ duration, subtitles, video, audio }: Probe): number {
  const streams = [...video, ...audio].map((stream) => stream.duration ?? duration);
  return subtitles.length > 0 && streams.length > 0 ? Math.max(...streams) : duration;
}

/** A muxer can write a valid header and no packets at all (vpp_qsv without timestamps does so and exits 0). */
function packetCheck(
  { expect }: PlannedOutput,
  { videoPackets, audioPackets }: MeasuredOutput,
): ContractCheck | undefined {
  if (videoPackets === undefined && audioPackets === undefined) return undefined;
  const ok = (!expect.video || (videoPackets ?? 0) > 0) && (!expect.audio || (audioPackets ?? 0) > 0);
  return {
    name: 'packets',
    ok,
    expected: streams(expect.video ? 'some video' : undefined, expect.audio ? 'some audio' : undefined),
    measured: `${videoPackets ?? 0} video, ${audioPackets ?? 0} audio`,
  };
}

/** Tolerates one frame: where the last frame of a cut ends between two ticks, either count is right. */
function frameCheck({ expect }: PlannedOutput, { videoPackets }: MeasuredOutput): ContractCheck | undefined {
  if (expect.frames === undefined || videoPackets === undefined) return undefined;
  return {
    name: 'frames',
    ok: Math.abs(videoPackets - expect.frames) <= 1,
    expected: `${expect.frames}, give or take 1`,
    measured: `${videoPackets}`,
  };
}

function audioCheck(
  { expect, contract }: PlannedOutput,
  { audioPackets }: MeasuredOutput,
  probe: Probe,
): ContractCheck | undefined {
  const wanted = contract.requireAudio === true || expect.audio;
  const present = probe.audio.length > 0 && audioPackets !== 0;
  if (!wanted && !present) return undefined;
  // Unexpected audio is a defect as well: a muted clip must be silent.
  return {
    name: 'audio',
    ok: present === wanted,
    expected: wanted ? 'audio' : 'no audio',
    measured: present ? 'audio' : 'no audio',
  };
}

function decodeCheck({ decode }: MeasuredOutput): ContractCheck | undefined {
  if (decode === undefined) return undefined;
  const extent = decode.extent === 'full' ? 'whole file' : 'start, middle and end';
  return {
    name: 'decodes',
    ok: decode.error === undefined,
    expected: `${extent} without an error`,
    measured: short(decode.error ?? 'no error'),
  };
}

function loudnessCheck({ expect, contract }: PlannedOutput, { loudness }: MeasuredOutput): ContractCheck | undefined {
  if (expect.loudness === undefined || loudness === undefined) return undefined;
  const tolerance = contract.loudnessTolerance ?? 1;
  return {
    name: 'loudness',
    ok: Math.abs(loudness - expect.loudness) <= tolerance,
    expected: `${expect.loudness} LUFS, give or take ${tolerance} LU`,
    measured: `${loudness.toFixed(1)} LUFS`,
  };
}

function streams(video: string | undefined, audio: string | undefined): string {
  return [video, audio].filter((name) => name !== undefined).join(' and ') || 'none';
}

function seconds(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function short(text: string): string {
  return text.slice(0, 80);
}
