import type { Benchmark } from './lib/benchmark.ts';
import { rateBenchmark } from './lib/operator/rate-benchmark.ts';

export const benchmark: Benchmark = rateBenchmark(10_000);
