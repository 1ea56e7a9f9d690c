import type { Container } from '../../model/job/output.ts';
import type { Probe } from './probe.ts';

/**
 * The containers that are one file. `cmaf` is a video or audio track of hls and dash before it is cut into segments, and
 * `webvtt` a text track.
 */
export type FileContainer = Exclude<Container, 'hls' | 'dash'> | 'cmaf' | 'webvtt';

interface Rules {
  readonly video: readonly string[];
  readonly audio: readonly string[];
  /** Subtitle codec that text is converted to. */
  readonly text: string;
  /** Subtitle codecs that can be copied. */
  readonly subtitles: readonly string[];
  readonly videoType: string;
  readonly audioType: string;
  readonly audioExtension: string;
  readonly muxer: string;
}

const pcm = ['pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_s32be', 'pcm_f32le'];
const subtitleTexts = ['subrip', 'ass', 'ssa', 'webvtt', 'mov_text', 'text'];

/** The codecs of each container, by FFmpeg's names: those that FFmpeg 5.1 writes without experimental flags and players read. */
const rules: Readonly<Record<FileContainer, Rules>> = {
  mp4: {
    video: ['h264', 'hevc', 'av1', 'vp9', 'mpeg4', 'mpeg2video'],
    audio: ['aac', 'mp3', 'ac3', 'eac3', 'opus', 'alac', 'flac'],
    text: 'mov_text',
    subtitles: ['mov_text'],
    videoType: 'video/mp4',
    audioType: 'audio/mp4',
    audioExtension: 'm4a',
    muxer: 'mp4',
  },
  mov: {
    video: ['h264', 'hevc', 'mpeg4', 'prores', 'mjpeg', 'dnxhd', 'mpeg2video'],
    audio: ['aac', 'mp3', 'ac3', 'eac3', 'alac', ...pcm],
    text: 'mov_text',
    subtitles: ['mov_text'],
    videoType: 'video/quicktime',
    audioType: 'video/quicktime',
    audioExtension: 'mov',
    muxer: 'mov',
  },
  mkv: {
    video: [
      'h264',
      'hevc',
      'av1',
      'vp8',
      'vp9',
      'mpeg4',
      'mpeg2video',
      'mpeg1video',
      'ffv1',
      'prores',
      'mjpeg',
      'theora',
      'vc1',
    ],
    audio: ['aac', 'mp3', 'mp2', 'ac3', 'eac3', 'dts', 'truehd', 'opus', 'vorbis', 'flac', 'alac', ...pcm],
    text: 'subrip',
    subtitles: ['subrip', 'ass', 'ssa', 'webvtt', 'hdmv_pgs_subtitle', 'dvd_subtitle'],
    videoType: 'video/x-matroska',
    audioType: 'audio/x-matroska',
    audioExtension: 'mka',
    muxer: 'matroska',
  },
  webm: {
    video: ['vp8', 'vp9', 'av1'],
    audio: ['opus', 'vorbis'],
    text: 'webvtt',
    subtitles: ['webvtt'],
    videoType: 'video/webm',
    audioType: 'audio/webm',
    audioExtension: 'weba',
    muxer: 'webm',
  },
  cmaf: {
    video: ['h264', 'hevc', 'av1', 'vp9'],
    audio: ['aac', 'ac3', 'eac3', 'opus', 'flac', 'alac'],
    text: 'webvtt',
    subtitles: ['webvtt'],
    videoType: 'video/mp4',
    audioType: 'audio/mp4',
    audioExtension: 'mp4',
    muxer: 'mp4',
  },
  webvtt: {
    video: [],
    audio: [],
    text: 'webvtt',
    subtitles: ['webvtt'],
    videoType: 'text/vtt',
    audioType: 'text/vtt',
    audioExtension: 'vtt',
    muxer: 'webvtt',
  },
};

/** The name of a container in messages: the internal ones cannot be requested. */
export function containerName(container: FileContainer): string {
  return container === 'cmaf' ? 'hls and dash' : container;
}

export function takesVideo(container: FileContainer, codec: string): boolean {
  return rules[container].video.includes(codec);
}

export function takesAudio(container: FileContainer, codec: string): boolean {
  return rules[container].audio.includes(codec);
}

/** How a subtitle stream is written: `copy`, the codec that text is converted to, or `undefined` when it is dropped. */
export function subtitleCodec(container: FileContainer, codec: string): string | undefined {
  const { subtitles, text } = rules[container];
  if (subtitles.includes(codec)) return 'copy';
  return subtitleTexts.includes(codec) ? text : undefined;
}

export function textCodec(container: FileContainer): string {
  return rules[container].text;
}

/** Fragments of a track that is cut later: one for each key frame of a video, and of about a second for audio. */
const fragments = {
  video: ['-movflags', '+frag_keyframe+delay_moov+default_base_moof'],
  audio: ['-movflags', '+delay_moov+default_base_moof', '-frag_duration', '1000000'],
} as const;

/** Arguments of the muxer: the index comes first in MP4 and MOV, so that a player can start immediately. */
export function muxArguments(container: FileContainer, audioCodec: string | undefined): string[] {
  if (container === 'cmaf') {
    const flac = audioCodec === 'flac' ? ['-strict', '-2'] : [];
    return [...flac, ...fragments[audioCodec === undefined ? 'video' : 'audio'], '-f', rules.cmaf.muxer];
  }
  const family = container === 'mp4' || container === 'mov';
  // FFmpeg 5.1 calls FLAC in MP4 experimental, copied or encoded.
  const strict = family && audioCodec === 'flac' ? ['-strict', '-2'] : [];
  return [...strict, ...(family ? ['-movflags', '+faststart'] : []), '-f', rules[container].muxer];
}

export function extensionOf(container: FileContainer, hasVideo: boolean): string {
  return hasVideo && container !== 'cmaf' ? container : rules[container].audioExtension;
}

export function mediaTypeOf(container: FileContainer, hasVideo: boolean): string {
  return hasVideo ? rules[container].videoType : rules[container].audioType;
}

/** The container of a file if it can be written, else mp4. FFmpeg detects families; the file extension decides within one. */
export function containerOfFile({ format, path }: Probe): FileContainer {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  if (format.includes('matroska')) return extension === 'webm' ? 'webm' : 'mkv';
  return format.includes('mov') && extension === 'mov' ? 'mov' : 'mp4';
}

/**
 * Formats of ffprobe that refer to other files or addresses, or contain no media themselves: a file must not make the
 * worker read anything that the job does not name.
 */
const indirect = ['hls', 'concat', 'dash', 'sdp', 'rtsp', 'lavfi', 'ffmetadata', 'tty', 'imf', 'lrc'];

export function isIndirect({ format }: Probe): boolean {
  return format.split(',').some((name) => indirect.includes(name));
}
