import { type Command, checkPositionals } from '../command-context.ts';
import { Arguments, parseCommandLine } from '../command-line.ts';
import { helpOption } from '../command-table.ts';
import { serverOptions } from '../detailed-help.ts';
import { exitCodes } from '../exit-codes.ts';

export const api: Command = async ({ command, args }) => {
  const options = await serverOptions('api');
  const parsed = new Arguments(parseCommandLine(args, [...options, helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { apiCommand } = await import('../../api-command.ts');
  await apiCommand(Object.fromEntries(options.map(({ name }) => [name, parsed.one(name)])));
  return exitCodes.ok;
};
