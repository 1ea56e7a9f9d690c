import { exitCodes } from '../../errors/exit-codes.ts';
import { type Command, checkPositionals } from '../args/command-context.ts';
import { Arguments, parseCommandLine } from '../args/command-line.ts';
import { helpOption } from '../args/command-table.ts';
import { serverOptions } from '../args/detailed-help.ts';

export const api: Command = async ({ command, args }) => {
  const options = await serverOptions('api');
  const parsed = new Arguments(parseCommandLine(args, [...options, helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { apiCommand } = await import('../../processes/api/api-command.ts');
  await apiCommand(Object.fromEntries(options.map(({ name }) => [name, parsed.one(name)])));
  return exitCodes.ok;
};
