// Plain JavaScript for Node 18: this runs before anything is installed.
import { spawn } from 'node:child_process';

/** How many lines of a failed command's output are worth showing. */
const TAIL_LINES = 40;

/** How often a long step says that it is still at work (milliseconds). */
const REMINDER = 30_000;

/** @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, onStart?: (pid: number) => unknown }} StepOptions
 *   `onStart` is called with the command's process id. */

/** A failed step whose message is complete for a person; no stack trace is of use. */
export class SetupError extends Error {}

/** @param {string} line one progress line for the person at the terminal */
export function say(line) {
  process.stderr.write(`framewright setup: ${line}\n`);
}

/**
 * Runs one command of the set-up quietly, with a line before and after it. Its output is shown only when it fails.
 *
 * @param {string} title what is being done, such as "installing npm packages"
 * @param {string} command
 * @param {readonly string[]} args
 * @param {StepOptions} [options]
 * @returns {Promise<void>} rejects with a SetupError that holds the end of the output
 */
export async function runStep(title, command, args, options = {}) {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  say(`${title}…`);
  const reminder = setInterval(() => say(`${title}: still at work after ${seconds()} s`), REMINDER);
  try {
    const { failure, output } = await capture(command, args, options);
    if (failure) {
      const tail = output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
      throw new SetupError(`${title} failed: \`${[command, ...args].join(' ')}\` ${failure}\n${tail}`);
    }
    say(`${title}: done in ${seconds()} s`);
  } finally {
    clearInterval(reminder);
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {StepOptions} [options]
 * @returns {Promise<{ failure?: string, output: string }>} `output` is stdout and stderr in the order they came
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const { onStart, ...rest } = options;
    const child = spawn(command, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid !== undefined) onStart?.(child.pid);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
        output += chunk;
      });
    }
    const stop = () => child.kill('SIGTERM');
    process.once('exit', stop);
    /** @param {string} [failure] */
    const settle = (failure) => {
      process.off('exit', stop);
      resolve(failure === undefined ? { output } : { failure, output });
    };
    child.on('error', (error) => settle(`could not start (${error.message})`));
    child.on('close', (code, signal) => settle(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`));
  });
}
