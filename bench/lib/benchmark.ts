interface BenchmarkContext {
  /** How often each side is measured. */
  readonly runs: number;
  /** Whether only to see that it works. */
  readonly quick: boolean;
  readonly print: (line: string) => void;
}

/** Two variants measured in one run, and how they compare; all as text for the table. */
export interface BenchmarkResult {
  readonly ours: string;
  readonly other: string;
  readonly ratio: string;
  /** What it ran on, where that is more than processor, Node and FFmpeg. */
  readonly machine?: string;
}

export interface Benchmark {
  readonly title: string;
  /** What is measured, how often, and against what; printed before the figures. */
  readonly method: string;
  readonly goal: string;
  /** How often each side is measured where nothing else is asked for; 3 when absent. */
  readonly runs?: number;
  /** The page of its row; docs/benchmarks.md when absent, on which nothing is of a GPU. */
  readonly page?: 'benchmarks-gpu.md';
  /** Why it cannot run on this machine. Named on the command line that is a failure, else it is left out. */
  readonly missing?: () => Promise<string | undefined>;
  readonly measure: (context: BenchmarkContext) => Promise<BenchmarkResult>;
}

/** The middle of an odd number of values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new RangeError('Expected at least one value');
  return (low + high) / 2;
}
