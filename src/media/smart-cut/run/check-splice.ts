import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { fileUrl } from '../../filters/escape.ts';
import { filter } from '../../filters/graph.ts';
import { filterText } from '../../filters/write-graph.ts';
import type { SmartJoin } from '../join.ts';
import { SmartCutError } from '../nal-units.ts';

/** Frames that are compared: more than any codec moves one out of its order. */
const comparedFrames = 20;
const timeoutMs = 300_000;
const outputBytes = 64 * 1024;

/**
 * Decodes the joined stream over the splice point after the re-encoded head, and compares the copied frames with what the
 * source decodes to, bit by bit. Rejects with `SmartCutError` when one differs or is lost: decoders report no error at
 * such a splice point, and the output contract counts packets only.
 */
export async function checkSplice(join: SmartJoin, tools: MediaTools, signal: AbortSignal): Promise<void> {
  if (join.head === undefined) return;
  // One after the other: a decoder uses all processors.
  const source = await frameHashes({ path: join.source, shift: 0, join, tools, signal });
  const joined = await frameHashes({ path: join.output, shift: join.origin, join, tools, signal });
  const same = joined.filter((hash, index) => hash === source[index]).length;
  if (source.length === 0 || same !== source.length || joined.length !== source.length)
    throw new SmartCutError(
      `expected ${source.length} copied frames as in the source after the splice point, got ${same}`,
    );
}

interface HashedFile {
  readonly path: string;
  /** Ticks that times in the file are earlier than in the source. */
  readonly shift: number;
  readonly join: SmartJoin;
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
}

/** Checksums of the first decoded frames of the copied part. */
async function frameHashes({ path, shift, join, tools, signal }: HashedFile): Promise<string[]> {
  const { copyStart, copyEnd } = join;
  const range = { start_pts: copyStart - shift, end_pts: copyEnd === undefined ? undefined : copyEnd - shift };
  const input = ['-protocol_whitelist', 'file', '-copyts', '-noautorotate', '-i', fileUrl(path)];
  const filtered = ['-map', '0:v:0', '-vf', filterText(filter('trim', range)), '-fps_mode', 'passthrough'];
  const output = [...filtered, '-frames:v', String(comparedFrames), '-f', 'framemd5', '-'];
  const argv = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror', ...input, ...output];
  const run = await runTool(tools.ffmpeg, argv, tools.env, { timeoutMs, outputBytes, signal });
  if (run.exitCode === 0) return run.stdout.split('\n').flatMap((line) => (/^\d/.test(line) ? [hashOf(line)] : []));
  throw new SmartCutError(`expected the joined stream to decode, got ${run.stderr.split('\n')[0] ?? 'an error'}`);
}

function hashOf(line: string): string {
  return line.slice(line.lastIndexOf(',') + 1).trim();
}
