// Runs a program as if it were this process. Plain JavaScript for Node 18: this runs before anything is installed.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

/** @type {readonly NodeJS.Signals[]} */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'];

// The terminal sends these to every process of its foreground group, so the child has them already: forwarding one
// more would look like a second Ctrl-C, which programs take for "stop immediately".
/** @type {ReadonlySet<string>} */
const SENT_BY_TERMINAL = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH']);

/**
 * Runs a command with this process's stdio (and its IPC channel where it has one), forwards signals to it, and ends
 * this process the way the command ended: with its exit code, or by its signal.
 *
 * @param {string} command absolute path or a name on PATH
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<never>} rejects only when the command cannot be started
 */
export function runMirrored(command, args, options = {}) {
  return new Promise((_resolve, reject) => {
    const child = spawn(command, args, {
      stdio: process.send ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
      env: options.env ?? process.env,
    });
    /** @type {Map<NodeJS.Signals, () => void>} */
    const handlers = new Map();
    const onTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
    for (const signal of FORWARDED) {
      const handler = () => {
        if (!(onTerminal && SENT_BY_TERMINAL.has(signal))) child.kill(signal);
      };
      handlers.set(signal, handler);
      process.on(signal, handler);
    }
    if (process.send) joinChannels(child);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler);
      if (signal === null) process.exit(code ?? 1);
      process.kill(process.pid, signal);
      // A signal whose default action does not end a process (or that is blocked) leaves us here.
      setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
    });
  });
}

/**
 * Passes IPC messages and the end of either side's channel on to the other side.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function joinChannels(child) {
  process.on('message', (/** @type {import('node:child_process').Serializable} */ message) => {
    if (child.connected) child.send(message);
  });
  child.on('message', (message) => process.connected && process.send?.(message));
  process.on('disconnect', () => child.connected && child.disconnect());
  child.on('disconnect', () => process.connected && process.disconnect());
}
