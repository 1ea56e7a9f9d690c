import { defineConfig } from 'vitest/config';

// Two projects, told apart by the file's ending:
//   *.test.ts   pure and fast, no process, no socket, no encode: together under 20 s
//   *.itest.ts  real ffmpeg, servers, SQLite on disk, child processes
export default defineConfig({
  test: {
    // Child processes (one isolate each) rather than threads: tests send signals, change directory and open SQLite.
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], testTimeout: 10_000, hookTimeout: 10_000 },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/**/*.itest.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
});
