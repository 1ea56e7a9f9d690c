// npm run bench [name…]: runs the benchmarks one after the other; each prints its method and both sides, and writes its
// row of docs/benchmarks.md. `--runs N` sets how often each side is measured.
import { parseArgs } from 'node:util';
import type { Benchmark } from './lib/benchmark.ts';
import { writeRow } from './lib/results-page.ts';

const benchmarks: Readonly<Record<string, () => Promise<{ readonly benchmark: Benchmark }>>> = {
  'worker-overhead': () => import('./worker-overhead.ts'),
  'fused-edits': () => import('./fused-edits.ts'),
  ladder: () => import('./ladder.ts'),
  'smart-cut': () => import('./smart-cut.ts'),
  'server-memory': () => import('./server-memory.ts'),
  'gpu-transcode': () => import('./gpu-transcode.ts'),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' } },
});
const runs = Number(values.runs);
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  const problem =
    unknown.length > 0
      ? `unknown benchmark ${unknown.join(', ')}`
      : `--runs must be a whole number from 1, got ${values.runs}`;
  process.stderr.write(`${problem}\nusage: npm run bench -- [--runs N] [${Object.keys(benchmarks).join(' | ')}]…\n`);
  process.exit(2);
}

for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
  const load = benchmarks[name];
  if (load === undefined) continue;
  const { benchmark } = await load();
  const missing = await benchmark.missing?.();
  if (missing !== undefined) {
    process.stderr.write(`\n== ${name}: left out: ${missing}\n`);
    if (positionals.includes(name)) process.exitCode = 1;
    continue;
  }
  process.stdout.write(`\n== ${name}: ${benchmark.title}\n${benchmark.method}\n`);
  const result = await benchmark.measure({ runs, print: (line) => process.stdout.write(`${line}\n`) });
  process.stdout.write(`${result.ours} | ${result.other} | ${result.ratio} (goal: ${benchmark.goal})\n`);
  await writeRow(name, benchmark, result);
}
