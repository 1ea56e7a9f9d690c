import { spawn } from 'node:child_process';
import { CodedError } from '../../../errors/coded-error.ts';
import { redactUrls } from '../../../lib/redact-url.ts';
import { BoundedText } from './bounded-text.ts';
import { type ChildEnd, childEnd } from './child-end.ts';

/** How the programs of FFmpeg are started. */
export interface MediaTools {
  /** Path or name of the program. */
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** Their whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ToolRun extends ChildEnd {
  readonly stdout: string;
  /** The last 16 KiB, without secrets. */
  readonly stderr: string;
  /** Which limit ended the program, if one did. */
  readonly exceeded?: 'time' | 'output';
}

export interface ToolLimits {
  readonly timeoutMs: number;
  /** Most bytes of standard output that are kept; a program that writes more is ended. */
  readonly outputBytes: number;
  readonly signal: AbortSignal;
  /** Receives standard output in chunks; nothing of it is kept then, and its size is not limited. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/**
 * Runs a short program to its end and returns what it printed. It is killed at its limits and on abort: it only reads.
 * Rejects with the signal's reason on abort and with `CAPABILITY_MISSING` when the program does not exist.
 */
export async function runTool(
  program: string,
  argv: readonly string[],
  env: MediaTools['env'],
  { timeoutMs, outputBytes, signal, onOutput }: ToolLimits,
): Promise<ToolRun> {
  signal.throwIfAborted();
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const stderr = new BoundedText(16 * 1024);
  const stdout: Buffer[] = [];
  let bytes = 0;
  let exceeded: 'time' | 'output' | undefined;
  const end = (): boolean => child.kill('SIGKILL');
  const timer = setTimeout(() => {
    exceeded = 'time';
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdout.on('data', (chunk: Buffer) => {
    if (onOutput !== undefined) {
      onOutput(chunk);
      return;
    }
    bytes += chunk.length;
    if (bytes <= outputBytes) {
      stdout.push(chunk);
      return;
    }
    exceeded = 'output';
    end();
  });
  try {
    const ended = await childEnd(child);
    signal.throwIfAborted();
    const text = Buffer.concat(stdout).toString('utf8');
    return { ...ended, stdout: text, stderr: redactUrls(stderr.toString()), ...(exceeded && { exceeded }) };
  } catch (error) {
    throw signal.aborted ? signal.reason : startError(program, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/** A program that cannot be started, as a coded error. */
export function startError(program: string, cause: unknown): CodedError {
  if (cause instanceof CodedError) return cause;
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new CodedError('CAPABILITY_MISSING', `Expected to start the program ${program}, got ${why}`, {
    cause,
    remedy: 'Install FFmpeg 5.1 or later, or set FRAMEWRIGHT_FFMPEG and FRAMEWRIGHT_FFPROBE to its programs.',
  });
}
