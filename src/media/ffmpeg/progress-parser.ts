/** One block of FFmpeg's `-progress` output. Members without a value yet (`N/A`) are absent. */
export interface ProgressSample {
  readonly outTimeSeconds?: number;
  readonly frame?: number;
  readonly fps?: number;
  /** Seconds of output per second. */
  readonly speed?: number;
  readonly sizeBytes?: number;
  /** The last block of the process. */
  readonly end: boolean;
}

export interface ProgressParser {
  /** Takes the next piece, split anywhere, and returns the blocks that it completes. */
  push(chunk: string): ProgressSample[];
}

/** A line of `-progress` is a key and a number: a longer one is not FFmpeg's and is dropped. */
const longestLine = 1024;

/** Parser of `key=value` blocks that end with `progress=continue` or `progress=end` (FFmpeg, `-progress`). */
export function createProgressParser(): ProgressParser {
  let rest = '';
  let block = new Map<string, string>();

  return {
    push(chunk) {
      const samples: ProgressSample[] = [];
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) {
        const separator = line.indexOf('=');
        if (separator < 1 || line.length > longestLine) continue;
        const key = line.slice(0, separator).trim();
        const value = line.slice(separator + 1).trim();
        if (key === 'progress') {
          samples.push(sampleOf(block, value === 'end'));
          block = new Map();
        } else if (knownKeys.has(key)) {
          block.set(key, value);
        }
      }
      return samples;
    },
  };
}

const knownKeys: ReadonlySet<string> = new Set([
  'frame',
  'fps',
  'speed',
  'total_size',
  'out_time_us',
  'out_time_ms',
  'out_time',
]);

function sampleOf(block: ReadonlyMap<string, string>, end: boolean): ProgressSample {
  const outTimeSeconds = outTime(block);
  const frame = amount(block.get('frame'));
  const fps = amount(block.get('fps'));
  const speed = amount(block.get('speed')?.replace(/x$/, ''));
  const sizeBytes = amount(block.get('total_size'));
  return {
    ...(outTimeSeconds !== undefined && { outTimeSeconds }),
    ...(frame !== undefined && { frame }),
    ...(fps !== undefined && { fps }),
    ...(speed !== undefined && { speed }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    end,
  };
}

/** `out_time_ms` is in microseconds despite its name (FFmpeg ticket 7345); releases before 4.1 have no `out_time_us`. */
function outTime(block: ReadonlyMap<string, string>): number | undefined {
  const microseconds = amount(block.get('out_time_us')) ?? amount(block.get('out_time_ms'));
  if (microseconds !== undefined) return microseconds / 1_000_000;
  const clock = /^(\d+):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(block.get('out_time') ?? '');
  if (clock === null) return undefined;
  return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
}

/** A finite number of zero or more; a negative time is that of a stream that starts before zero and not progress yet. */
function amount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
