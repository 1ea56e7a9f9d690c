// npm run bench [name…]: runs the benchmarks one after the other; each prints its method and both variants, and writes its
// row of docs/benchmarks.md. The beginning of names stands for all of them: `operator` for all of the operator. `--runs N`
// sets how often each side is measured; `--quick` measures once on little, to see that it works, and writes nothing.
import { parseArgs } from 'node:util';
import type { Benchmark } from './lib/benchmark.ts';
import { writeRow } from './lib/results-page.ts';

const benchmarks: Readonly<Record<string, () => Promise<{ readonly benchmark: Benchmark }>>> = {
  'worker-overhead': () => import('./worker-overhead.ts'),
  'fused-edits': () => import('./fused-edits.ts'),
  ladder: () => import('./ladder.ts'),
  'smart-cut': () => import('./smart-cut.ts'),
  'server-memory': () => import('./server-memory.ts'),
  'operator-rate-1k': () => import('./operator-rate-1k.ts'),
  'operator-rate-10k': () => import('./operator-rate-10k.ts'),
  'operator-latency-1k': () => import('./operator-latency-1k.ts'),
  'operator-latency-10k': () => import('./operator-latency-10k.ts'),
  'operator-writes': () => import('./operator-writes.ts'),
  'operator-memory': () => import('./operator-memory.ts'),
  'operator-cold-start': () => import('./operator-cold-start.ts'),
  'operator-progress': () => import('./operator-progress.ts'),
  'nats-credentials': () => import('./nats-credentials.ts'),
  'gpu-transcode': () => import('./gpu-transcode.ts'),
};

const usage = `usage: npm run bench -- [--runs N] [--quick] [${Object.keys(benchmarks).join(' | ')}]…\n`;

function reject(problem: string): never {
  process.stderr.write(`${problem}\n${usage}`);
  process.exit(2);
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { runs: { type: 'string' }, quick: { type: 'boolean', default: false } },
    });
  } catch (error) {
    return reject(error instanceof Error ? error.message : String(error));
  }
}

const { positionals, values } = parsed();
const runs = values.runs === undefined ? undefined : Number(values.runs);
const namesOf = (given: string): string[] =>
  Object.keys(benchmarks).filter((name) => name === given || name.startsWith(`${given}-`));
const unknown = positionals.filter((given) => namesOf(given).length === 0);
const chosen = positionals.length > 0 ? positionals.flatMap(namesOf) : Object.keys(benchmarks);
if (unknown.length > 0) reject(`unknown benchmark ${unknown.join(', ')}`);
if (runs !== undefined && (!Number.isInteger(runs) || runs < 1))
  reject(`--runs must be a whole number from 1, got ${String(values.runs)}`);

for (const name of chosen) {
  const load = benchmarks[name];
  if (load === undefined) continue;
  const { benchmark } = await load();
  const missing = await benchmark.missing?.();
  if (missing !== undefined) {
    process.stderr.write(`\n== ${name}: left out: ${missing}\n`);
    if (positionals.length > 0) process.exitCode = 1;
    continue;
  }
  process.stdout.write(`\n== ${name}: ${benchmark.title}\n${benchmark.method}\n`);
  const result = await benchmark.measure({
    runs: values.quick ? 1 : (runs ?? benchmark.runs ?? 3),
    quick: values.quick,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`${result.ours} | ${result.other} | ${result.ratio} (goal: ${benchmark.goal})\n`);
  if (!values.quick) await writeRow(name, benchmark, result);
}
