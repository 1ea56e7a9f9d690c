import { exitCodes } from '../../errors/exit-codes.ts';
import { crdFiles } from '../../model/crd/crd-files.ts';
import { argumentsOf, type Command } from '../args/command-context.ts';

export const crd: Command = async (context) => {
  argumentsOf(context);
  context.terminal.out([...crdFiles().values()].join('---\n'));
  return exitCodes.ok;
};
