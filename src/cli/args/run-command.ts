import { processEnvironment } from '../../config/load-config.ts';
import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';
import { toCliError, UsageError } from '../output/cli-error.ts';
import { failureJson, failureText } from '../output/failure.ts';
import { processTerminal, type Terminal } from '../output/terminal.ts';
import type { Command } from './command-context.ts';
import { type CommandSpec, commands, findCommand } from './command-table.ts';
import { commandHelp, generalHelp } from './help.ts';
import { didYouMean } from './suggest.ts';

/** The module of each verb, loaded when the verb is used. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  submit: async () => (await import('../commands/submit.ts')).submit,
  plan: async () => (await import('../commands/plan.ts')).plan,
  list: async () => (await import('../commands/list.ts')).list,
  get: async () => (await import('../commands/get.ts')).get,
  watch: async () => (await import('../commands/watch.ts')).watch,
  cancel: async () => (await import('../commands/cancel.ts')).cancel,
  retry: async () => (await import('../commands/retry.ts')).retry,
  logs: async () => (await import('../commands/logs.ts')).logs,
  standalone: async () => (await import('../commands/standalone.ts')).standalone,
  operator: async () => (await import('../commands/operator.ts')).operator,
  api: async () => (await import('../commands/api.ts')).api,
  keys: async () => (await import('../commands/keys.ts')).keys,
  probe: async () => (await import('../commands/probe.ts')).probe,
  crd: async () => (await import('../commands/crd.ts')).crd,
};

/** How long a command may take to end after Ctrl-C, in milliseconds. */
const endWithin = 500;

/**
 * Runs a verb and resolves with its exit code. Failures are printed: what happened, the members that are wrong, the remedy.
 *
 * @param entry path of the program's first file, with which a server starts its workers
 */
export async function runCommand(verb: string | undefined, args: readonly string[], entry: string): Promise<ExitCode> {
  const environment = processEnvironment();
  const terminal = processTerminal(process, environment);
  // `framewright list | head -1` ends the reader first; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    throw error;
  });
  try {
    if (verb === undefined || verb === 'help' || verb === '--help' || verb === '-h')
      return await help(verb, args, terminal);
    const command = commandNamed(verb);
    if (wantsHelp(args)) return await printHelp(command, terminal);
    return await run(command, { args, terminal, environment, entry });
  } catch (cause) {
    const error = toCliError(cause);
    if (args.includes('--json')) terminal.out(failureJson(error));
    else terminal.err(failureText(error, terminal));
    return error.exitCode;
  }
}

async function run(
  command: CommandSpec,
  context: Readonly<{
    args: readonly string[];
    terminal: Terminal;
    environment: Readonly<Record<string, string | undefined>>;
    entry: string;
  }>,
): Promise<ExitCode> {
  const execute = await loaders[command.name]?.();
  if (execute === undefined)
    throw new UsageError(`${command.name} is internal and cannot be run directly`, {
      remedy: 'submit a job with `framewright submit`: the server starts its workers itself',
    });
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    interrupt.abort();
    // A watch ends by itself; a request that hangs does not.
    setTimeout(() => process.exit(exitCodes.interrupted), endWithin).unref();
  };
  // Servers handle signals themselves.
  if (command.group !== 'Serve') process.once('SIGINT', onInterrupt);
  try {
    return await execute({ command, ...context, interrupted: interrupt.signal });
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function help(verb: string | undefined, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [topic] = args;
  if (verb === 'help' && topic !== undefined) return printHelp(commandNamed(topic), terminal);
  if (verb === undefined) {
    terminal.err(generalHelp());
    return exitCodes.usage;
  }
  terminal.out(generalHelp());
  return exitCodes.ok;
}

async function printHelp(command: CommandSpec, terminal: Terminal): Promise<ExitCode> {
  const { detailedHelp } = await import('./detailed-help.ts');
  terminal.out(await detailedHelp(command, commandHelp));
  return exitCodes.ok;
}

function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  return options.includes('--help') || options.includes('-h');
}

function commandNamed(verb: string): CommandSpec {
  const command = findCommand(verb);
  if (command) return command;
  const names = commands.map(({ name }) => name);
  throw new UsageError(`unknown command ${JSON.stringify(verb)}${didYouMean(verb, names)}`, {
    remedy: 'framewright --help lists the commands',
  });
}
