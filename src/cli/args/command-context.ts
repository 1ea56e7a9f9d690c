import { loadConfig } from '../../config/load-config.ts';
import type { ExitCode } from '../../errors/exit-codes.ts';
import { ApiClient } from '../client/api-client.ts';
import { findConnection } from '../client/connection.ts';
import { UsageError } from '../output/cli-error.ts';
import type { Terminal } from '../output/terminal.ts';
import { Arguments, parseCommandLine } from './command-line.ts';
import { type CommandSpec, optionsOf } from './command-table.ts';

/** What every command is given. */
export interface CommandContext {
  readonly command: CommandSpec;
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the program's first file. */
  readonly entry: string;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export type Command = (context: CommandContext) => Promise<ExitCode>;

/** The parsed arguments of a command whose options have no order. */
export function argumentsOf({ command, args }: CommandContext): Arguments {
  const parsed = new Arguments(parseCommandLine(args, optionsOf(command)));
  checkPositionals(command, parsed.positionals.length);
  return parsed;
}

export function checkPositionals({ name, operands, positionals: [min, max] }: CommandSpec, count: number): void {
  if (count >= min && count <= max) return;
  const expected = max === 0 ? 'no operand' : operands;
  throw new UsageError(
    `expected ${expected} after ${name}, got ${count === 0 ? 'nothing' : `${count} ${count === 1 ? 'operand' : 'operands'}`}`,
    {
      remedy: `see framewright ${name} --help`,
    },
  );
}

/** A client for the server that the options and the environment name. */
export async function clientOf({ environment }: CommandContext, args: Arguments): Promise<ApiClient> {
  const { dataDir } = loadConfig({}, pick(environment, 'FRAMEWRIGHT_DATA_DIR')).standalone;
  return new ApiClient(
    await findConnection({ urlOption: args.one('url'), keyFileOption: args.one('api-key-file'), environment, dataDir }),
  );
}

/** Only the setting that a client needs: a wrong setting of a server must not stop it. */
function pick(environment: CommandContext['environment'], name: string): Record<string, string | undefined> {
  return { [name]: environment[name] };
}

export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

export function jobPath(name: string): string {
  return `/apis/render-jobs/${encodeURIComponent(name)}`;
}
