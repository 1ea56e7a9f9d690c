import { exitCodes } from '../../errors/exit-codes.ts';
import { type Command, checkPositionals } from '../args/command-context.ts';
import { Arguments, parseCommandLine } from '../args/command-line.ts';
import { helpOption } from '../args/command-table.ts';
import { serverOptions } from '../args/detailed-help.ts';

export const standalone: Command = async ({ command, args, entry }) => {
  const options = await serverOptions('standalone');
  const parsed = new Arguments(parseCommandLine(args, [...options, helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { standaloneCommand } = await import('../../processes/standalone/standalone-command.ts');
  await standaloneCommand(Object.fromEntries(options.map(({ name }) => [name, parsed.one(name)])), entry);
  return exitCodes.ok;
};
