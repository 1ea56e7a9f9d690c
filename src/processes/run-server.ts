import pino, { type Logger } from 'pino';
import { toCodedError } from '../errors/coded-error.ts';

/** A started server. Disposing of it stops it in good order. */
export interface RunningServer extends AsyncDisposable {
  /** For example http://127.0.0.1:8080. */
  readonly url: string;
  /** Lines for stdout before the one with the address. */
  readonly notices?: readonly string[];
  /** Rejects when the process has to end immediately; never resolves. */
  readonly failed?: Promise<never>;
}

export interface ServerOptions {
  readonly logLevel: string;
  /** Rejects with the reason of the signal as soon as that is aborted, after it has closed what it had opened. */
  readonly start: (log: Logger, signal: AbortSignal) => Promise<RunningServer>;
  /** What happens to work that did not end in time, for the log. */
  readonly afterLateStop: string;
}

/** After this a stopping process exits with work unfinished: kubelets and service managers kill after 10 s or more. */
const stopLimitMs = 9500;
/** After a stop, attempts to reach an unavailable server may still be running; nothing depends on them. */
const exitDelayMs = 200;

/**
 * Runs a server until SIGTERM or SIGINT, which also end a start that is still under way. Prints the address on stdout; the
 * log goes to stderr, one JSON object per line. Rejects with the error of a start that failed. Exits with 1 when the stop
 * takes too long, and immediately when the server fails.
 */
export async function runServer({ logLevel, start, afterLateStop }: ServerOptions): Promise<void> {
  const log = pino({ level: logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const stop = stopOnSignal(() => {
    log.error(`not everything ended in time; ${afterLateStop}`);
    process.exit(1);
  });
  const server = await start(log, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    log.debug({ err: error }, 'the start was interrupted');
    return undefined;
  });
  if (server === undefined || stop.signal.aborted)
    log.info({ signal: await stop.requested }, 'stopped during the start');
  else await serve(server, { log, requested: stop.requested });
  await server?.[Symbol.asyncDispose]();
  setTimeout(() => process.exit(0), exitDelayMs).unref();
}

/** Serves until a stop is requested. */
async function serve(
  { notices = [], url, failed }: RunningServer,
  { log, requested }: { readonly log: Logger; readonly requested: Promise<NodeJS.Signals> },
): Promise<void> {
  for (const line of [...notices, `listening on ${url}`]) process.stdout.write(`${line}\n`);
  const signal = await Promise.race([requested, ...(failed === undefined ? [] : [failed])]).catch((error: unknown) => {
    const { message, remedy } = toCodedError(error);
    log.fatal({ remedy }, message);
    // Immediately: no write that is under way may follow.
    return process.exit(1);
  });
  log.info({ signal }, 'stopping');
}

/** The first SIGTERM or SIGINT requests a stop; a second one has its default effect. */
function stopOnSignal(onLate: () => void): {
  readonly requested: Promise<NodeJS.Signals>;
  readonly signal: AbortSignal;
} {
  const { promise: requested, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      setTimeout(onLate, stopLimitMs).unref();
      resolve(name);
      stop.abort(new Error(`Stopped by ${name}`));
    });
  }
  return { requested, signal: stop.signal };
}
