import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

export interface ToolRun {
  readonly stdout: string;
  readonly seconds: number;
}

/** Runs a program to its end; rejects with the end of its stderr when it does not exit with 0. */
export function runTool(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ToolRun> {
  const { promise, resolve, reject } = Promise.withResolvers<ToolRun>();
  const began = performance.now();
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  child.on('error', reject);
  child.on('close', (code, signal) => {
    if (code === 0) resolve({ stdout, seconds: (performance.now() - began) / 1000 });
    else reject(new Error(`Expected ${program} to exit with 0, got ${code ?? signal}:\n${stderr}`));
  });
  return promise;
}
