import type { ErrorCode } from '../../errors/error-table.ts';
import type { EncoderBackend, FallbackCause } from '../../model/status/result.ts';

/** How an FFmpeg process ended. */
export interface FfmpegExit {
  /** Absent when a signal ended it. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** The end of what it wrote to stderr, without secrets. */
  readonly stderrTail: string;
  /** Releases before 6.1 exit 1 whatever happened. */
  readonly ffmpeg: readonly [major: number, minor: number];
  /** The backend that the process ran on. */
  readonly backend: EncoderBackend;
}

export interface FfmpegFailure {
  readonly code: ErrorCode;
  /** One sentence with the most specific line of the log. */
  readonly message: string;
  /** Why the next encoder backend is used instead, where one may be. */
  readonly fallbackCause: FallbackCause;
}

/**
 * The coded error of a failed FFmpeg process. The log is read first: it is precise where its lines are known, and the only
 * source on FFmpeg 5.1, which exits 1 for everything. Exit statuses of later releases decide the rest; without a known
 * cause the code is `FFMPEG_FAILED`.
 */
export function classifyExit(exit: FfmpegExit): FfmpegFailure {
  const lines = exit.stderrTail.split('\n').map((line) => line.trim());
  if (exit.signal !== undefined) return signalled(exit.signal, exit.backend);
  // FFmpeg 7 repeats the cause when its threads end, in fewer words.
  for (const candidates of [lines.filter((line) => !noise.test(line)), lines]) {
    for (const { pattern, code, gpuOnly, fallbackCause = fallbackCauseOf(code) } of patterns) {
      if (gpuOnly === true && !isGpu(exit.backend)) continue;
      const line = candidates.findLast((candidate) => pattern.test(candidate));
      if (line !== undefined) return { code, message: reported(line), fallbackCause };
    }
  }
  const code = (exit.exitCode === undefined ? undefined : byStatus(exit.exitCode, exit.backend)) ?? 'FFMPEG_FAILED';
  const lastLine = lines.findLast((line) => line !== '' && !noise.test(line));
  const status = `FFmpeg ended with status ${exit.exitCode ?? 'unknown'}`;
  return {
    code,
    message: lastLine === undefined ? `${status} and wrote no message` : `${status}: ${shorten(lastLine)}`,
    fallbackCause: fallbackCauseOf(code),
  };
}

/** Options that FFmpeg ignored with a warning only: a part of the plan had no effect, which is a defect of the planner. */
export function ignoredOptions(stderr: string): readonly string[] {
  return [...stderr.matchAll(/option (\S+) .{0,400}?has not been used for any stream/gi)].map(
    (match) => match[1] ?? '',
  );
}

/** Whether the GPU's processor skipped a filter and did the rest, after which FFmpeg ends with status 0. */
export function hasSkippedFilter(stderr: string): boolean {
  return /Warning .*: filter skipped/i.test(stderr);
}

/**
 * The line of a log that reports a damaged input. FFmpeg repairs what it can and exits 0; an output that then fails its
 * checks failed because of the input.
 */
export function damageIn(stderr: string): string | undefined {
  const line = stderr.split('\n').find((candidate) => damage.test(candidate));
  return line === undefined ? undefined : shorten(line.trim());
}

const damage =
  /corrupt|error while decoding|invalid as first byte|exceeds containing master|invalid NAL|truncat|Packet mismatch|concealing|Invalid data found|partial file|Read error/i;

export function isGpu(backend: EncoderBackend): boolean {
  return backend === 'qsv-full' || backend === 'qsv-encode' || backend === 'vaapi';
}

/** Failures after which the next encoder backend may succeed: it decodes, filters or encodes by other means. */
export function mayFallBack(backend: EncoderBackend, code: ErrorCode): boolean {
  if (!isGpu(backend)) return false;
  // Other backends decode on the CPU already.
  return fallbackCodes.has(code) || (code === 'INPUT_INVALID' && backend === 'qsv-full');
}

const fallbackCodes: ReadonlySet<ErrorCode> = new Set([
  'GPU_UNAVAILABLE',
  'GPU_FAILED',
  'GPU_UNSUPPORTED_PARAMETERS',
  'CAPABILITY_MISSING',
  'FFMPEG_FAILED',
  'FFMPEG_STALLED',
]);

/** Why the next encoder backend is used after a failure with this code. */
export function fallbackCauseOf(code: ErrorCode): FallbackCause {
  return fallbackCausesByCode[code] ?? 'ffmpeg-failed';
}

const fallbackCausesByCode: Readonly<Partial<Record<ErrorCode, FallbackCause>>> = {
  GPU_UNAVAILABLE: 'device-not-opened',
  GPU_FAILED: 'device-failed',
  GPU_UNSUPPORTED_PARAMETERS: 'unsupported-parameters',
  CAPABILITY_MISSING: 'capability-missing',
  FFMPEG_STALLED: 'stalled',
};

interface Pattern {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** Has another meaning, or none, where no GPU is used. */
  readonly gpuOnly?: true;
  /** Where it is more precise than that of the code. */
  readonly fallbackCause?: FallbackCause;
}

// In this order: a full disk or a lost device causes later lines about damage that are not the cause.
const patterns: readonly Pattern[] = [
  { pattern: /No space left on device|Disk quota exceeded/i, code: 'STORAGE_FULL' },
  { pattern: /device failed|GPU hang|device is lost|device lost|hung and reset/i, code: 'GPU_FAILED', gpuOnly: true },
  {
    // The GPU's memory is full.
    pattern: /Failed to create surface|Unable to allocate a surface|Failed to allocate frame to upload/i,
    code: 'GPU_FAILED',
    gpuOnly: true,
  },
  {
    pattern: /Error (initializing|creating|setting) an? (internal )?MFX session/i,
    code: 'GPU_UNAVAILABLE',
    fallbackCause: 'no-session',
  },
  {
    pattern:
      /No VA display found|Failed to (create a VAAPI device|initiali[sz]e VAAPI connection)|Device creation failed/i,
    code: 'GPU_UNAVAILABLE',
  },
  {
    pattern: /No device available for (en|de)coder|Device setup failed for (en|de)coder/i,
    code: 'GPU_UNAVAILABLE',
    gpuOnly: true,
  },
  {
    pattern: /No usable encoding (profile|entrypoint) found|Encoding (profile|entrypoint) not found/i,
    code: 'GPU_UNSUPPORTED_PARAMETERS',
  },
  {
    // What the VA driver does not offer: bit depth, rate control, configuration, size.
    pattern:
      /Surface RT format \S+ not supported|Driver does not support .{1,60}(RC mode|reference frames)|Failed to create encode pipeline|Hardware does not support encoding at/i,
    code: 'GPU_UNSUPPORTED_PARAMETERS',
  },
  {
    // What Quick Sync's encoder reports about rejected parameters, above all which one it was.
    pattern: /(Selected ratecontrol mode|Low power mode|Current [a-z ]{1,20}) is unsupported/i,
    code: 'GPU_UNSUPPORTED_PARAMETERS',
  },
  {
    pattern: /(unsupported|invalid video parameters|incompatible video parameters) \(-\d+\)/i,
    code: 'GPU_UNSUPPORTED_PARAMETERS',
    gpuOnly: true,
  },
  {
    pattern: /Error (synchronizing|submitting|during) .*\(-\d+\)|Failed to (sync|begin pic|end pic|upload|map output)/i,
    code: 'GPU_FAILED',
    gpuOnly: true,
  },
  {
    pattern: /Unknown encoder|No such filter|Unknown decoder|Automatic encoder selection failed/i,
    code: 'CAPABILITY_MISSING',
  },
  { pattern: /Protocol '.+' not on whitelist|Format not on whitelist/i, code: 'SOURCE_FORBIDDEN' },
  {
    pattern: /Decoder \(codec \S+\) not found|Decoding requested, but no decoder found|Could not find tag for codec/i,
    code: 'INPUT_UNSUPPORTED',
  },
  { pattern: /Stream (map|specifier) '.*' .*matches no streams/i, code: 'INPUT_UNSUPPORTED' },
  { pattern: /Cannot allocate memory/i, code: 'FFMPEG_FAILED' },
  // What follows is caused by a wrong plan, whatever the input.
  { pattern: /Unrecognized option|Option not found|Error splitting the argument list/i, code: 'INTERNAL_ERROR' },
  { pattern: /has not been used for any stream/i, code: 'INTERNAL_ERROR' },
  {
    pattern: /Error (parsing|initializing) (a )?(complex )?filter(graph|s)|Error parsing filterchain/i,
    code: 'INTERNAL_ERROR',
  },
  {
    pattern: /moov atom not found|Invalid data found when processing input|could not find codec parameters/i,
    code: 'INPUT_INVALID',
  },
  {
    pattern: /error while decoding|Error (submitting packet to|while) decod|corrupt (decoded frame|input packet)/i,
    code: 'INPUT_INVALID',
  },
  { pattern: /partial file|Invalid NAL unit|non[- ]existing PPS|EBML header parsing failed/i, code: 'INPUT_INVALID' },
  { pattern: /No such file or directory/i, code: 'SOURCE_NOT_FOUND' },
  { pattern: /Read-only file system|Permission denied/i, code: 'STORAGE_UNAVAILABLE' },
];

/** Statuses of FFmpeg 6.1 and later: the low byte of its negative error number. */
function byStatus(status: number, backend: EncoderBackend): ErrorCode | undefined {
  switch (status) {
    case 171:
    case 187:
      return 'GPU_UNAVAILABLE';
    case 218:
      return 'GPU_UNSUPPORTED_PARAMETERS';
    // EIO: the device where one encodes, else the file system.
    case 251:
      return isGpu(backend) ? 'GPU_FAILED' : 'STORAGE_UNAVAILABLE';
    // Too many decode errors.
    case 69:
    case 183:
      return 'INPUT_INVALID';
    // EINVAL: a device that is missing, else a bad option.
    case 234:
      return isGpu(backend) ? 'GPU_UNAVAILABLE' : undefined;
    case 8:
      return 'CAPABILITY_MISSING';
    case 228:
      return 'STORAGE_FULL';
    case 254:
      return 'SOURCE_NOT_FOUND';
    case 145:
      return 'SOURCE_UNAVAILABLE';
    case 243:
      return 'STORAGE_UNAVAILABLE';
    default:
      return undefined;
  }
}

function signalled(signal: string, backend: EncoderBackend): FfmpegFailure {
  // A driver that crashes takes FFmpeg with it; SIGKILL from outside is nearly always the kernel's out-of-memory killer.
  const code = isGpu(backend) && signal !== 'SIGKILL' ? 'GPU_FAILED' : 'FFMPEG_FAILED';
  const why = signal === 'SIGKILL' ? '; out of memory is the usual cause' : '';
  return { code, message: `FFmpeg was ended by ${signal}${why}`, fallbackCause: fallbackCauseOf(code) };
}

/** Lines that FFmpeg writes while it ends and that explain nothing. */
const noise =
  /frames left in the queue on closing|Conversion failed|^Exiting|Last message repeated|deprecated pixel format|^\S+ Nothing was written into output file|(Task finished with error|Terminating thread with return) code|Could not open encoder before EOF/i;

function reported(line: string): string {
  return `FFmpeg reported: ${shorten(line)}`;
}

/**
 * Without the address of FFmpeg's context, which differs from run to run: `[h264 @ 0x5612]` becomes `[h264]`. Of files only
 * the name: the folders of the machine are not shown to the owner of a job.
 */
function shorten(line: string): string {
  return line
    .replaceAll(/ @ 0x[0-9a-f]+\]/g, ']')
    .replace(/^file:.*: (?=[A-Za-z])/, '')
    .replaceAll(/(?<![^\s'":=(])(?:file:)?(?!\/(?:dev|sys)\/)(?:\/[^\s/:'"]+)+\/([^\s/:'"]+)/g, '$1')
    .slice(0, 300);
}
