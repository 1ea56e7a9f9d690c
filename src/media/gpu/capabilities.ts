import type { EncoderBackend, FallbackReason } from '../../model/status/result.ts';

/** What the FFmpeg and the GPUs of this machine can do, found by trial encodes. */
export interface Capabilities {
  readonly ffmpegVersion: string;
  /** Major and minor version as a number pair, for example [7, 1]. */
  readonly ffmpeg: readonly [major: number, minor: number];
  readonly encoders: ReadonlySet<string>;
  readonly filters: ReadonlySet<string>;
  /** Usable Intel render nodes, best first. */
  readonly devices: readonly GpuDevice[];
  /** Why each encoder backend that nothing on this machine can serve is not used. */
  readonly unavailable: Readonly<Partial<Record<EncoderBackend, FallbackReason>>>;
  readonly cpus: number;
}

export interface GpuDevice {
  /** For example /dev/dri/renderD128. */
  readonly node: string;
  readonly driver: string;
  readonly encodes: readonly GpuEncode[];
}

/** Rate controls of VA-API, as FFmpeg names them. */
export const rateControls = ['CQP', 'CBR', 'VBR', 'ICQ', 'QVBR', 'AVBR'] as const;
export type RateControl = (typeof rateControls)[number];

/** One combination of which a trial encode on the device succeeded. */
export interface GpuEncode {
  readonly backend: 'qsv-full' | 'qsv-encode' | 'vaapi';
  readonly codec: 'h264' | 'hevc' | 'av1' | 'vp9';
  readonly bitDepth: 8 | 10;
  readonly lowPower: boolean;
  /** What the driver offers on the backend vaapi; absent where it was not listed. */
  readonly rateControls?: readonly RateControl[];
}
