import { describe, expect, it } from 'vitest';
import {
  classifyExit,
  damageIn,
  type FfmpegExit,
  fallbackCauseOf,
  hasSkippedFilter,
  ignoredOptions,
  mayFallBack,
} from '../../../src/media/ffmpeg/exit-classification.ts';

function classify(stderrTail: string, exit: Partial<FfmpegExit> = {}): string {
  return classifyExit({ exitCode: 1, ffmpeg: [5, 1], backend: 'software', stderrTail, ...exit }).code;
}

describe('a message', () => {
  it.each([
    ['file:/srv/media/tom & jerry: the film.mp4: corrupt input packet in stream 0', 'corrupt input packet in stream 0'],
    [
      '[in#0 @ 0x5] Error opening input: Invalid data found when processing input',
      '[in#0] Error opening input: Invalid data found when processing input',
    ],
    [
      'Error opening output file /var/lib/scratch/main.mp4: No space left on device',
      'Error opening output file main.mp4: No space left on device',
    ],
    ['No VA display found for device /dev/dri/renderD128.', 'No VA display found for device /dev/dri/renderD128.'],
  ])('says nothing of the folders of the machine: %s', (line, said) => {
    const { message } = classifyExit({ exitCode: 1, ffmpeg: [5, 1], backend: 'software', stderrTail: line });
    expect(message).toBe(`FFmpeg reported: ${said}`);
  });
});

it('FFmpeg 7 is classified by its first line about a cause, not by those of the threads that end', () => {
  const stderrTail =
    '[in#0/mov @ 0x5] corrupt input packet in stream 0\n[in#0/mov @ 0x5] Terminating thread with return code -1094995529 (Invalid data found when processing input)';
  expect(classifyExit({ exitCode: 183, ffmpeg: [7, 1], backend: 'software', stderrTail })).toEqual({
    code: 'INPUT_INVALID',
    message: 'FFmpeg reported: [in#0/mov] corrupt input packet in stream 0',
    fallbackCause: 'ffmpeg-failed',
  });
});

describe('FFmpeg 5.1, which exits 1 for everything, is classified by its log:', () => {
  it.each([
    ['Error writing trailer of tm/o.mp4: No space left on device', 'STORAGE_FULL'],
    ["Unknown encoder 'nope'", 'CAPABILITY_MISSING'],
    ["[AVFilterGraph @ 0x5590c2b21340] No such filter: 'nope'\nError reinitializing filters!", 'CAPABILITY_MISSING'],
    ['[mov,mp4 @ 0x5] moov atom not found\nfile:a.mp4: Invalid data found when processing input', 'INPUT_INVALID'],
    ['[h264 @ 0x5] error while decoding MB 8 3, bytestream 1281', 'INPUT_INVALID'],
    ['[h264 @ 0x5] Invalid NAL unit size (1234 > 12).', 'INPUT_INVALID'],
    ['nonex.mp4: No such file or directory', 'SOURCE_NOT_FOUND'],
    ["Unrecognized option 'bogus'.\nError splitting the argument list: Option not found", 'INTERNAL_ERROR'],
    ['Decoder (codec none) not found for input stream #0:1', 'INPUT_UNSUPPORTED'],
    ["Stream map '0:a' matches no streams.", 'INPUT_UNSUPPORTED'],
    ["[file @ 0x5] Protocol 'http' not on whitelist 'file'!", 'SOURCE_FORBIDDEN'],
    ['/srv/o.mp4: Permission denied', 'STORAGE_UNAVAILABLE'],
    ['x265 [error]: something new', 'FFMPEG_FAILED'],
    ['', 'FFMPEG_FAILED'],
  ])('%s', (stderr, code) => {
    expect(classify(stderr)).toBe(code);
  });

  it.each([
    ['[h264_qsv @ 0x5] Error initializing an internal MFX session: unsupported (-3)', 'GPU_UNAVAILABLE'],
    [
      '[AVHWDeviceContext @ 0x5] No VA display found for device /dev/dri/renderD128.\nDevice creation failed: -22.',
      'GPU_UNAVAILABLE',
    ],
    ['[hevc_qsv @ 0x5] Error initializing the encoder: invalid video parameters (-15)', 'GPU_UNSUPPORTED_PARAMETERS'],
    ['[h264_qsv @ 0x5] Selected ratecontrol mode is unsupported', 'GPU_UNSUPPORTED_PARAMETERS'],
    ['[h264_vaapi @ 0x5] No usable encoding profile found.', 'GPU_UNSUPPORTED_PARAMETERS'],
    [
      '[h264_vaapi @ 0x5] Failed to create encode pipeline context: 19 (resolution not supported).',
      'GPU_UNSUPPORTED_PARAMETERS',
    ],
    ['[h264_vaapi @ 0x5] Driver does not support VBR RC mode (supported modes: CQP).', 'GPU_UNSUPPORTED_PARAMETERS'],
    ['[AVHWFramesContext @ 0x5] Failed to create surface: 2 (x).\nError: Cannot allocate memory', 'GPU_FAILED'],
    ['[h264_qsv @ 0x5] Error during encoding: device failed (-17)', 'GPU_FAILED'],
    ['[h264_qsv @ 0x5] Error during encoding: GPU hang (-21)', 'GPU_FAILED'],
  ])('on a GPU, %s', (stderr, code) => {
    expect(classify(stderr, { backend: 'qsv-full' })).toBe(code);
  });

  it('a full disk is the cause of the damage that follows it', () => {
    expect(
      classify('av_interleaved_write_frame(): No space left on device\nInvalid data found when processing input'),
    ).toBe('STORAGE_FULL');
  });

  it('the message quotes the most specific line, without memory addresses', () => {
    const stderrTail = '[mov @ 0x55f8b37f9340] moov atom not found\nConversion failed!\n';
    expect(classifyExit({ exitCode: 1, ffmpeg: [5, 1], backend: 'software', stderrTail }).message).toBe(
      'FFmpeg reported: [mov] moov atom not found',
    );
  });
});

describe('statuses of later releases', () => {
  it.each([
    [171, 'qsv-full', 'GPU_UNAVAILABLE'],
    [187, 'qsv-encode', 'GPU_UNAVAILABLE'],
    [218, 'qsv-full', 'GPU_UNSUPPORTED_PARAMETERS'],
    [251, 'qsv-full', 'GPU_FAILED'],
    [251, 'software', 'STORAGE_UNAVAILABLE'],
    [234, 'vaapi', 'GPU_UNAVAILABLE'],
    [234, 'software', 'FFMPEG_FAILED'],
    [69, 'software', 'INPUT_INVALID'],
    [183, 'software', 'INPUT_INVALID'],
    [8, 'software', 'CAPABILITY_MISSING'],
    [228, 'software', 'STORAGE_FULL'],
    [254, 'software', 'SOURCE_NOT_FOUND'],
    [145, 'software', 'SOURCE_UNAVAILABLE'],
    [99, 'software', 'FFMPEG_FAILED'],
  ] as const)('%i on the backend %s is %s', (exitCode, backend, code) => {
    expect(classify('nothing known', { exitCode, backend, ffmpeg: [7, 1] })).toBe(code);
  });

  it('count less than lines that are more precise', () => {
    expect(classify('No space left on device', { exitCode: 251, ffmpeg: [7, 1] })).toBe('STORAGE_FULL');
  });
});

describe('a process that a signal ended', () => {
  it('failed with its driver on a GPU, and otherwise without a known cause', () => {
    expect(classify('', { signal: 'SIGSEGV', backend: 'qsv-full' })).toBe('GPU_FAILED');
    expect(classify('', { signal: 'SIGSEGV' })).toBe('FFMPEG_FAILED');
  });

  it('was short of memory when it was killed', () => {
    const exit = { ffmpeg: [5, 1], backend: 'software', stderrTail: '' } as const;
    expect(classifyExit({ ...exit, signal: 'SIGKILL' }).message).toContain('out of memory');
  });
});

describe('options without effect', () => {
  const line =
    'Codec AVOption preset (Encoding preset) specified for output file #0 (o.mp4) has not been used for any stream. The most likely reason is either wrong type';

  it('are found, and are a defect of the planner', () => {
    expect(ignoredOptions(`a\n${line}\nb`)).toEqual(['preset']);
    expect(classify(line)).toBe('INTERNAL_ERROR');
  });

  it('are none in a clean log', () => {
    expect(ignoredOptions('frame=1\n')).toEqual([]);
  });
});

describe('the cause of a fallback', () => {
  it.each([
    ['[AVHWDeviceContext @ 0x5] Error creating a MFX session: -9.', 'no-session'],
    ['[AVHWDeviceContext @ 0x5] No VA display found for device /dev/dri/renderD128.', 'device-not-opened'],
    [
      '[hevc_vaapi @ 0x5] No usable encoding entrypoint found for profile VAProfileHEVCMain (17).',
      'unsupported-parameters',
    ],
    ['[h264_vaapi @ 0x5] Driver does not support VBR RC mode (supported modes: CQP).', 'unsupported-parameters'],
    ['[h264_vaapi @ 0x5] Failed to create encode pipeline context: 18 (invalid parameter).', 'unsupported-parameters'],
    ['[h264_vaapi @ 0x5] Failed to sync to output buffer completion: 34 (HW busy now).', 'device-failed'],
    ['[h264_qsv @ 0x5] Low power mode is unsupported', 'unsupported-parameters'],
    ['[h264_qsv @ 0x5] Error initializing the encoder: invalid video parameters (-15)', 'unsupported-parameters'],
    ['[h264_qsv @ 0x5] Error submitting the frame for encoding: device lost (-13)', 'device-failed'],
    ["Unknown encoder 'nope'", 'capability-missing'],
    ['[h264 @ 0x5] error while decoding MB 8 3, bytestream 1281', 'ffmpeg-failed'],
    ['something new', 'ffmpeg-failed'],
  ])('is found in the log of a GPU: %s', (stderrTail, cause) => {
    const exit = { exitCode: 1, ffmpeg: [7, 1], backend: 'qsv-full', stderrTail } as const;
    expect(classifyExit(exit).fallbackCause).toBe(cause);
  });

  it.each([
    [{ signal: 'SIGSEGV' }, 'device-failed'],
    [{ signal: 'SIGKILL' }, 'ffmpeg-failed'],
    [{ exitCode: 251 }, 'device-failed'],
    [{ exitCode: 171 }, 'device-not-opened'],
    [{ exitCode: 218 }, 'unsupported-parameters'],
  ] as const)('follows from %o', (ending, cause) => {
    const exit = { ffmpeg: [7, 1], backend: 'qsv-full', stderrTail: '', ...ending } as const;
    expect(classifyExit(exit).fallbackCause).toBe(cause);
  });

  it('is that of the code for a failure of another kind', () => {
    expect(fallbackCauseOf('FFMPEG_STALLED')).toBe('stalled');
    expect(fallbackCauseOf('FFMPEG_FAILED')).toBe('ffmpeg-failed');
  });
});

describe('the next backend is tried', () => {
  it.each([
    'GPU_UNAVAILABLE',
    'GPU_FAILED',
    'GPU_UNSUPPORTED_PARAMETERS',
    'FFMPEG_FAILED',
    'FFMPEG_STALLED',
    'CAPABILITY_MISSING',
  ] as const)('after %s on a GPU', (code) => {
    expect(mayFallBack('qsv-full', code)).toBe(true);
    expect(mayFallBack('software', code)).toBe(false);
    expect(mayFallBack('copy', code)).toBe(false);
  });

  it('after damage that only a hardware decoder may have seen', () => {
    expect(mayFallBack('qsv-full', 'INPUT_INVALID')).toBe(true);
    expect(mayFallBack('qsv-encode', 'INPUT_INVALID')).toBe(false);
    expect(mayFallBack('vaapi', 'INPUT_INVALID')).toBe(false);
  });

  it.each(['STORAGE_FULL', 'INTERNAL_ERROR', 'DEADLINE_EXCEEDED', 'INTERRUPTED'] as const)(
    'but not after %s',
    (code) => {
      expect(mayFallBack('qsv-full', code)).toBe(false);
    },
  );
});

describe('a filter that the GPU skipped', () => {
  it('is found in the log of a process that succeeded', () => {
    expect(hasSkippedFilter('[Parsed_vpp_qsv_1 @ 0x5] Warning When creating qsvvpp: filter skipped (10)')).toBe(true);
    expect(hasSkippedFilter('[Parsed_vpp_qsv_1 @ 0x5] Warning When creating qsvvpp: partial acceleration (4)')).toBe(
      false,
    );
  });
});

describe('damage that FFmpeg repaired', () => {
  it.each([
    '[matroska,webm @ 0x1] 0x00 at pos 99884 (0x1862c) invalid as first byte of an EBML number',
    '[mpegts @ 0x1] Packet corrupt (stream = 0, dts = 277200).',
    '[h264 @ 0x1] error while decoding MB 7 1, bytestream 1407',
  ])('is found: %s', (line) => {
    expect(damageIn(`fine\n${line}\nfine`)).toBe(line.replace(' @ 0x1', ''));
  });

  it('is not found in a clean log', () => {
    expect(damageIn('[aac] 2 frames left in the queue on closing\n')).toBeUndefined();
  });
});
