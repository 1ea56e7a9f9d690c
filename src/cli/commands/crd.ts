import { crdFiles } from '../../crd/crd-files.ts';
import { argumentsOf, type Command } from '../command-context.ts';
import { emit } from '../generated-files.ts';

export const crd: Command = async (context) => {
  const args = argumentsOf(context);
  return emit(crdFiles(), { out: args.one('out') ?? 'crds', check: args.on('check') }, context);
};
