import { toCodedError } from '../errors/coded-error.ts';
import type { ProgressMessage } from '../model/status/progress.ts';
import { workerEnvironment } from '../worker-protocol/environment.ts';
import { createStageLog } from './stage-log.ts';
import { type Environment, logLevels } from './worker-settings.ts';

/** Sends the progress messages of a worker. */
export interface ProgressChannel {
  readonly send: (message: ProgressMessage) => void;
  /** Resolves once the last message is sent, or cannot be sent soon. */
  readonly drained: () => Promise<void>;
}

/**
 * Over IPC when the parent process has opened a channel, else over NATS when a server is configured, else as NDJSON on
 * stdout. A slow reader of IPC or NATS gets only the latest message.
 */
export async function openProgressChannel(env: Environment): Promise<ProgressChannel> {
  if (process.send !== undefined) return ipcChannel();
  const url = valueOf(env, 'natsUrl');
  return (url === undefined ? undefined : await natsChannel(url, env)) ?? stdoutChannel();
}

/** The value of a variable; an empty one counts as not set, as with every variable. */
function valueOf(env: Environment, name: keyof typeof workerEnvironment): string | undefined {
  const text = env[workerEnvironment[name]];
  return text === '' ? undefined : text;
}

/** Undefined for an invalid address or credentials: a render does not fail for want of progress messages. */
async function natsChannel(url: string, env: Environment): Promise<ProgressChannel | undefined> {
  const level = logLevels.find((known) => known === env[workerEnvironment.logLevel]) ?? 'info';
  const log = createStageLog(level);
  // The client is loaded only when it is used: it would delay the start of every worker on a single machine.
  const { createProgressSender } = await import('../adapters/nats/progress-sender.ts');
  try {
    const sender = createProgressSender({
      url,
      credentials: valueOf(env, 'natsCredentials'),
      credentialsFile: valueOf(env, 'natsCredentialsFile'),
      caFile: valueOf(env, 'natsCaFile'),
      name: 'framewright-worker',
      log,
    });
    return { send: (message) => sender.send(message), drained: () => sender.close() };
  } catch (error) {
    const { code, message } = toCodedError(error);
    log.warn({ code, reason: message }, 'progress is not sent over NATS');
    return undefined;
  }
}

function stdoutChannel(): ProgressChannel {
  // A closed pipe must not end the render.
  process.stdout.on('error', () => undefined);
  return {
    send: (message) => process.stdout.write(`${JSON.stringify({ type: 'progress', message })}\n`),
    drained: () => Promise.resolve(),
  };
}

function ipcChannel(): ProgressChannel {
  let sending: Promise<void> | undefined;
  let next: ProgressMessage | undefined;
  const sendAll = async (): Promise<void> => {
    for (let message = next; message !== undefined; message = next) {
      next = undefined;
      await sendOverIpc({ type: 'progress', message });
    }
    sending = undefined;
  };
  return {
    send(message) {
      next = message;
      sending ??= sendAll();
    },
    drained: () => sending ?? Promise.resolve(),
  };
}

/** Resolves when the message is sent or cannot be sent: a lost progress message is not a failure. */
function sendOverIpc(message: object): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
