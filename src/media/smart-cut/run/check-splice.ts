import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { fileUrl } from '../../filters/escape.ts';
import { filter } from '../../filters/graph.ts';
import { filterText } from '../../filters/write-graph.ts';
import type { SmartJoin } from '../join.ts';
import { SmartCutError } from '../nal-units.ts';

/** Pictures that are compared: more than any codec moves one out of its order. */
const pictures = 20;
const timeoutMs = 300_000;
const outputBytes = 64 * 1024;

/**
 * Decodes the joined stream over the place where copied pictures follow encoded ones, and compares the copied ones with
 * what the source decodes to, bit by bit. Rejects with `SmartCutError` when one differs or is lost: decoders forgive a
 * joint in silence, and the output contract counts packets only.
 */
export async function checkSplices(join: SmartJoin, tools: MediaTools, signal: AbortSignal): Promise<void> {
  if (join.head === undefined) return;
  const { copyStart, copyEnd, origin } = join;
  const hashes = async (path: string, shift: number): Promise<string[]> => {
    const range = { start_pts: copyStart - shift, end_pts: copyEnd === undefined ? undefined : copyEnd - shift };
    const input = ['-protocol_whitelist', 'file', '-copyts', '-noautorotate', '-i', fileUrl(path)];
    const output = ['-map', '0:v:0', '-vf', filterText(filter('trim', range)), '-fps_mode', 'passthrough'];
    const argv = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror', ...input, ...output];
    const run = await runTool(
      tools.ffmpeg,
      [...argv, '-frames:v', String(pictures), '-f', 'framemd5', '-'],
      tools.env,
      {
        timeoutMs,
        outputBytes,
        signal,
      },
    );
    if (run.exitCode === 0) return run.stdout.split('\n').flatMap((line) => (/^\d/.test(line) ? [hashOf(line)] : []));
    throw new SmartCutError(`expected the joined stream to decode, got ${run.stderr.split('\n')[0] ?? 'an error'}`);
  };
  // One after the other: a decoder takes all processors that there are.
  const source = await hashes(join.source, 0);
  const joined = await hashes(join.output, origin);
  const same = joined.filter((hash, index) => hash === source[index]).length;
  if (source.length === 0 || same !== source.length || joined.length !== source.length)
    throw new SmartCutError(`expected ${source.length} copied pictures as in the source behind the joint, got ${same}`);
}

function hashOf(line: string): string {
  return line.slice(line.lastIndexOf(',') + 1).trim();
}
