import { type Command, checkPositionals } from '../command-context.ts';
import { Arguments, parseCommandLine } from '../command-line.ts';
import { helpOption } from '../command-table.ts';
import { standaloneOptions } from '../detailed-help.ts';
import { exitCodes } from '../exit-codes.ts';

export const standalone: Command = async ({ command, args }) => {
  // Parsed here for the sake of the message alone: an unknown flag gets a suggestion, not a stack trace.
  const parsed = new Arguments(parseCommandLine(args, [...(await standaloneOptions()), helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { standaloneCommand } = await import('../../standalone.ts');
  return (await standaloneCommand(args)) === 0 ? exitCodes.ok : exitCodes.failed;
};
