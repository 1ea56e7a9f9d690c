import { type MediaTools, runTool } from '../../../src/media/ffmpeg/run/run-tool.ts';

/** Peak signal-to-noise ratios in dB, infinite for equal frames. */
export interface Likeness {
  readonly mean: number;
  /** Of the frame that is least alike: one that is shown at another time is seen here. */
  readonly worst: number;
}

/** How like the frames of files are to those of a reference, in their order, with one decode of it. */
export async function likenesses(tools: MediaTools, reference: string, files: readonly string[]): Promise<Likeness[]> {
  // Time stamps of containers are rounded differently.
  const align = 'settb=1/1000,setpts=N,format=yuv420p10le';
  const names = files.map((_file, index) => String(index));
  const graph = [
    `[0:v]${align},split=${files.length}${names.map((name) => `[r${name}]`).join('')}`,
    ...names.map((name, index) => `[${index + 1}:v]${align}[f${name}];[r${name}][f${name}]psnr=repeatlast=0[o${name}]`),
  ].join(';');
  const inputs = [reference, ...files].flatMap((file) => ['-i', file]);
  const sinks = names.flatMap((name) => ['-map', `[o${name}]`, '-f', 'null', '-']);
  const argv = ['-hide_banner', '-nostdin', '-v', 'info', ...inputs, '-filter_complex', graph, ...sinks];
  const limits = { timeoutMs: 60_000, outputBytes: 1024, signal: new AbortController().signal };
  const { stderr } = await runTool(tools.ffmpeg, argv, tools.env, limits);
  const found = [...stderr.matchAll(/Parsed_psnr_(\d+) .* average:(\S+) min:(\S+) max:/g)];
  if (found.length !== files.length) throw new Error(`Expected ${files.length} comparisons, got: ${stderr}`);
  return found
    .toSorted((a, b) => Number(a[1]) - Number(b[1]))
    .map(([, , mean, worst]) => ({ mean: decibels(mean), worst: decibels(worst) }));
}

function decibels(text: string | undefined): number {
  return text === 'inf' ? Number.POSITIVE_INFINITY : Number(text);
}
