import { crdFiles } from '../../model/crd/crd-files.ts';
import { argumentsOf, type Command } from '../args/command-context.ts';
import { emit } from '../args/generated-files.ts';

export const crd: Command = async (context) => {
  const args = argumentsOf(context);
  return emit(crdFiles(), { out: args.one('out') ?? 'crds', check: args.on('check') }, context);
};
