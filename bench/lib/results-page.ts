import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import type { Benchmark, BenchmarkResult } from './benchmark.ts';
import { runTool } from './run-tool.ts';

const page = new URL('../../docs/benchmarks.md', import.meta.url);
const heading = `# Benchmarks

Each row is written by its command; run it to see the method and every figure. Ratios compare the two sides within one
run on one machine; absolute figures are of the machine in the last column. Nothing here was measured on an Intel GPU.

| benchmark | ours | other | ratio | goal | command | measured |
|---|---|---|---|---|---|---|
`;

/** Writes or replaces the row of one benchmark. */
export async function writeRow(
  name: string,
  { title, goal }: Benchmark,
  { ours, other, ratio }: BenchmarkResult,
): Promise<void> {
  const text = await readFile(page, 'utf8').catch(() => heading);
  const command = `\`npm run bench -- ${name}\``;
  const ffmpeg = (await runTool('ffmpeg', ['-version'])).stdout.split(' ')[2] ?? 'unknown';
  const machine = `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, FFmpeg ${ffmpeg}, ${new Date().toISOString().slice(0, 10)}`;
  const row = `| ${[title, ours, other, ratio, goal, command, machine].join(' | ')} |`;
  const lines = text.trimEnd().split('\n');
  const known = lines.findIndex((line) => line.includes(command));
  if (known === -1) lines.push(row);
  else lines[known] = row;
  await writeFile(page, `${lines.join('\n')}\n`);
}
