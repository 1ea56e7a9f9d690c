import { toCodedError } from '../errors/coded-error.ts';
import type { ProgressMessage } from '../model/status/progress.ts';
import { workerEnvironment } from '../worker-protocol/environment.ts';
import { createStageLog } from './stage-log.ts';
import { type Environment, logLevels } from './worker-settings.ts';

/** The way on which progress leaves a worker. */
export interface ProgressChannel {
  readonly send: (message: ProgressMessage) => void;
  /** Resolves once the last message has left, or cannot leave soon. */
  readonly drained: () => Promise<void>;
}

/**
 * Over IPC to the parent that gave us a channel, else over NATS where a server is named, else as NDJSON on stdout. A slow
 * reader gets the newest news only.
 */
export async function openProgressChannel(env: Environment): Promise<ProgressChannel> {
  if (process.send !== undefined) return ipcChannel();
  const url = given(env, 'natsUrl');
  return (url === undefined ? undefined : await natsChannel(url, env)) ?? stdoutChannel();
}

/** Empty is not given, as with every variable. */
function given(env: Environment, name: keyof typeof workerEnvironment): string | undefined {
  const text = env[workerEnvironment[name]];
  return text === '' ? undefined : text;
}

/** Undefined for a server that cannot be: progress is news, and a render that shows none is still a render. */
async function natsChannel(url: string, env: Environment): Promise<ProgressChannel | undefined> {
  const level = logLevels.find((known) => known === env[workerEnvironment.logLevel]) ?? 'info';
  const log = createStageLog(level);
  // The client is loaded where it is used only: on one machine every worker would start later for it.
  const { createProgressSender } = await import('../adapters/nats/progress-sender.ts');
  try {
    const sender = createProgressSender({
      url,
      credentials: given(env, 'natsCredentials'),
      credentialsFile: given(env, 'natsCredentialsFile'),
      caFile: given(env, 'natsCaFile'),
      name: 'framewright-worker',
      log,
    });
    return { send: (message) => sender.send(message), drained: () => sender.close() };
  } catch (error) {
    const { code, message } = toCodedError(error);
    log.warn({ code, reason: message }, 'progress does not go over NATS');
    return undefined;
  }
}

function stdoutChannel(): ProgressChannel {
  // A reader that has gone away must not end the render.
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

/** Resolves when the message has left or cannot leave: progress is news, and lost news is no failure. */
function sendOverIpc(message: object): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
