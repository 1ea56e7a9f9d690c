import { type Command, checkPositionals } from '../command-context.ts';
import { Arguments, parseCommandLine } from '../command-line.ts';
import { helpOption } from '../command-table.ts';
import { serverOptions } from '../detailed-help.ts';
import { exitCodes } from '../exit-codes.ts';

export const operator: Command = async ({ command, args }) => {
  const options = await serverOptions('operator');
  const parsed = new Arguments(parseCommandLine(args, [...options, helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { operatorCommand } = await import('../../operator.ts');
  await operatorCommand(Object.fromEntries(options.map(({ name }) => [name, parsed.one(name)])));
  return exitCodes.ok;
};
