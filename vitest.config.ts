import { defineConfig } from 'vitest/config';

// Three projects, by the ending of the file:
//   *.test.ts   pure and fast, no process, no socket, no encode: together under 20 s
//   *.itest.ts  real ffmpeg, servers, SQLite on disk, child processes
//   *.ktest.ts  a real Kubernetes control plane, NATS or S3 server, built from Go modules (test/cluster); only what the
//               chosen files use is built, and nothing when none of them is chosen
export default defineConfig({
  test: {
    // Child processes (one isolate each) rather than threads: tests send signals, change directory and open SQLite.
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    projects: [
      {
        extends: true,
        // Pure: they need no process of their own, and load what they share once.
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          globalSetup: 'test/cluster/not-chosen.ts',
          isolate: false,
          testTimeout: 10_000,
          hookTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.itest.ts'],
          globalSetup: 'test/cluster/not-chosen.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/**/*.ktest.ts'],
          globalSetup: 'test/cluster/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
