import type { Benchmark } from './lib/benchmark.ts';
import { latencyBenchmark } from './lib/operator/latency-benchmark.ts';

export const benchmark: Benchmark = latencyBenchmark(10_000);
