import type { Capabilities, GpuDevice } from '../../src/media/gpu/capabilities.ts';
import type { Plan } from '../../src/media/planning/plan.ts';
import { type PlanRequest, planStage } from '../../src/media/planning/planner.ts';
import type { AudioStream, Probe, VideoStream } from '../../src/media/probe/probe.ts';
import type { Operation } from '../../src/model/job/operations.ts';
import type { Output } from '../../src/model/job/output.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';

// Builders for tests of the pure planner: a plain clip of 10 seconds, changed where a test says so.

export function videoStream(changes: Partial<VideoStream> = {}): VideoStream {
  return {
    index: 0,
    codec: 'h264',
    width: 1920,
    height: 1080,
    rotation: 0,
    sampleAspectRatio: { num: 1, den: 1 },
    pixelFormat: 'yuv420p',
    bitDepth: 8,
    frameRate: { num: 30, den: 1 },
    variableFrameRate: false,
    timeBase: { num: 1, den: 15_360 },
    frames: 300,
    duration: 10,
    startTime: 0,
    interlaced: false,
    hasBFrames: 2,
    extradataHash: 'a',
    ...changes,
  };
}

export function audioStream(changes: Partial<AudioStream> = {}): AudioStream {
  return {
    index: 1,
    codec: 'aac',
    sampleRate: 48_000,
    channels: 2,
    channelLayout: 'stereo',
    duration: 10,
    startTime: 0,
    timeBase: { num: 1, den: 48_000 },
    extradataHash: 'b',
    ...changes,
  };
}

export function clipProbe(changes: Partial<Probe> = {}): Probe {
  return {
    path: '/in/clip.mp4',
    format: 'mov,mp4,m4a,3gp,3g2,mj2',
    duration: 10,
    startTime: 0,
    bytes: 1_000_000,
    video: [videoStream()],
    audio: [audioStream()],
    subtitles: [],
    coverArt: 0,
    chapters: 0,
    keyframes: [0, 2, 4, 6, 8],
    ...changes,
  };
}

/** An FFmpeg with everything, on a machine without a GPU. */
export const software: Capabilities = {
  ffmpegVersion: '7.1.5',
  ffmpeg: [7, 1],
  encoders: new Set(
    'libx264 libx265 libsvtav1 libvpx-vp9 aac libopus flac libmp3lame mjpeg png libwebp libwebp_anim gif'.split(' '),
  ),
  filters: new Set('subtitles loudnorm zscale tonemap ssim'.split(' ')),
  devices: [],
  unavailable: {},
  cpus: 2,
};

export function withDevices(...devices: readonly GpuDevice[]): Capabilities {
  return { ...software, devices };
}

export interface PlanCase {
  readonly inputs?: Readonly<Record<string, Probe>>;
  readonly operations?: readonly Operation[];
  readonly output?: Output;
  readonly acceleration?: StageSpec['acceleration'];
  readonly capabilities?: Capabilities;
  readonly measurements?: PlanRequest['measurements'];
}

/** The plan of a job on described inputs. */
export function planOf({
  inputs = { clip: clipProbe() },
  operations = [],
  output = {},
  acceleration = 'Disabled',
  capabilities = software,
  measurements,
}: PlanCase): Plan {
  const names = Object.keys(inputs);
  return planStage({
    spec: {
      version: 1,
      identity: { namespace: 'default', name: 'job', uid: 'uid', attempt: 1, stage: 'render' },
      inputs: names.map((name) => ({ name, file: `${name}.mp4` })),
      operations: [...operations],
      output,
      acceleration,
      timeoutSeconds: 600,
      stallSeconds: 60,
    },
    probes: new Map(Object.entries(inputs)),
    capabilities,
    scratchDir: '/scratch',
    ...(measurements && { measurements }),
  });
}

/** The arguments of the last process as one line. */
export function commandOf(plan: Plan): string {
  return plan.steps.at(-1)?.argv.join(' ') ?? '';
}
