import { exitCodes } from '../../errors/exit-codes.ts';
import { type Command, checkPositionals } from '../args/command-context.ts';
import { Arguments, parseCommandLine } from '../args/command-line.ts';
import { helpOption } from '../args/command-table.ts';
import { serverOptions } from '../args/detailed-help.ts';

export const operator: Command = async ({ command, args }) => {
  const options = await serverOptions('operator');
  const parsed = new Arguments(parseCommandLine(args, [...options, helpOption]));
  checkPositionals(command, parsed.positionals.length);
  const { operatorCommand } = await import('../../processes/operator/operator-command.ts');
  await operatorCommand(Object.fromEntries(options.map(({ name }) => [name, parsed.one(name)])));
  return exitCodes.ok;
};
