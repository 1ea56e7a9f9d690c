import { expect, it } from 'vitest';
import { fallbackCause } from '../../../src/media/encoders/fallback-cause.ts';

it.each([
  ['acceleration is Disabled', 'disabled'],
  ['no render node in /dev/dri: there is no GPU, its driver is not loaded, or it is not passed in', 'no-device'],
  ['no usable Intel render node', 'no-device'],
  ['/dev/dri/renderD128: no permission to read and write it: it belongs to group render (104)', 'no-permission'],
  ['/dev/dri/renderD128: it cannot be used (ENXIO)', 'no-permission'],
  ['/dev/dri/renderD128: not an Intel GPU (vendor 0x1002): AMD', 'not-intel'],
  ['/dev/dri/renderD128 could not be opened: No VA display found for device /dev/dri/renderD128.', 'not-opened'],
  ['no session on /dev/dri/renderD128: Error creating a MFX session: -9.', 'no-session'],
  ['FFmpeg said: [AVHWDeviceContext] Error creating a MFX session: -9.', 'no-session'],
  ['ffmpeg was built without qsv encoders', 'not-built'],
  ['every trial encode failed on /dev/dri/renderD128', 'not-proved'],
  ['no device keeps h264 to a bit rate here', 'not-proved'],
  ['FFmpeg said: [hevc_vaapi] No usable encoding entrypoint found for profile VAProfileHEVCMain (17).', 'refused'],
  ['FFmpeg said: [h264_vaapi] Driver does not support VBR RC mode (supported modes: CQP).', 'refused'],
  ['FFmpeg said: [h264_vaapi] Failed to create encode pipeline context: 18 (invalid parameter).', 'refused'],
  ['FFmpeg said: [h264_vaapi] Failed to sync to output buffer completion: 34 (HW busy now).', 'failed'],
  ['no device encodes av1 with 10 bits here', 'not-proved'],
  ['no single device encodes all outputs', 'not-proved'],
  ['h264 in yuv422p is decoded by the CPU', 'cpu-picture'],
  ['the pictures at the ends of a cut are picked in main memory', 'cpu-picture'],
  ['FFmpeg said: [h264_qsv] Low power mode is unsupported', 'refused'],
  ['FFmpeg said: [h264_qsv] Error initializing the encoder: invalid video parameters (-15)', 'refused'],
  ['FFmpeg said: [h264_qsv] Error submitting the frame for encoding: device lost (-13)', 'failed'],
  ['FFmpeg was ended by SIGSEGV', 'failed'],
  ['FFmpeg ended with status 251 and said nothing', 'failed'],
  ['Expected progress within 120 s, got none; FFmpeg was ended', 'stalled'],
  ['something new', 'other'],
])('%s: %s', (reason, cause) => {
  expect(fallbackCause(reason)).toBe(cause);
});
