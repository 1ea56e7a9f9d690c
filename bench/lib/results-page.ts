import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import type { Benchmark, BenchmarkResult } from './benchmark.ts';
import { runTool } from './run-tool.ts';

const columns = `| benchmark | ours | other | ratio | goal | command | measured |
|---|---|---|---|---|---|---|
`;

const heading = `# Benchmarks

Each row is written by its command; run it to see the method and every figure. Ratios compare the two variants within one
run on one machine; absolute figures are of the machine in the last column. Nothing here was measured on an Intel GPU.

${columns}`;

const gpuHeading = `# Benchmarks on Intel GPUs

Each row was written by its command on a machine with an Intel GPU; the last column names it. The software GPU of the
tests is rejected: its figures say nothing about any GPU.

${columns}`;

/** Writes or replaces the row of one benchmark. */
export async function writeRow(
  name: string,
  { title, goal, page }: Benchmark,
  { ours, other, ratio, machine: measuredOn }: BenchmarkResult,
): Promise<void> {
  const path = new URL(`../../docs/${page ?? 'benchmarks.md'}`, import.meta.url);
  const text = await readFile(path, 'utf8').catch(() => (page === undefined ? heading : gpuHeading));
  const command = `\`npm run bench -- ${name}\``;
  const ffmpeg =
    (await runTool(process.env['FRAMEWRIGHT_FFMPEG'] ?? 'ffmpeg', ['-version'])).stdout.split(' ')[2] ?? 'unknown';
  const machine = `${measuredOn === undefined ? '' : `${measuredOn}, `}${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, FFmpeg ${ffmpeg}, ${new Date().toISOString().slice(0, 10)}`;
  const row = `| ${[title, ours, other, ratio, goal, command, machine].join(' | ')} |`;
  const lines = text.trimEnd().split('\n');
  const known = lines.findIndex((line) => line.includes(command));
  if (known === -1) lines.push(row);
  else lines[known] = row;
  await writeFile(path, `${lines.join('\n')}\n`);
}
