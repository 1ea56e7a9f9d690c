import { type Command, checkPositionals } from '../command-context.ts';
import { Arguments, parseCommandLine } from '../command-line.ts';
import { helpOption } from '../command-table.ts';
import { serverOptions } from '../detailed-help.ts';
import { exitCodes } from '../exit-codes.ts';

export const standalone: Command = async ({ command, args, entry }) => {
  const options = await serverOptions('standalone');
  const parsed = new Arguments(parseCommandLine(args, [...options, helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { standaloneCommand } = await import('../../standalone.ts');
  await standaloneCommand(Object.fromEntries(options.map(({ name }) => [name, parsed.one(name)])), entry);
  return exitCodes.ok;
};
