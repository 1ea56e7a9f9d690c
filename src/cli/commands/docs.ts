import { argumentsOf, type Command } from '../args/command-context.ts';
import { emit } from '../args/generated-files.ts';
import { referencePages } from '../reference/pages.ts';

export const docs: Command = async (context) => {
  const args = argumentsOf(context);
  const pages = await referencePages();
  return emit(pages, { out: args.one('out') ?? 'docs/reference', check: args.on('check') }, context);
};
