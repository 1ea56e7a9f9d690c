import { basename, dirname } from 'node:path';
import { argumentsOf, type Command } from '../args/command-context.ts';
import { emit } from '../args/generated-files.ts';
import { openApiDocument } from '../args/openapi-document.ts';

export const openapi: Command = async (context) => {
  const args = argumentsOf(context);
  const out = args.one('out') ?? 'docs/reference/openapi.json';
  const text = `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
  const folder = out === '-' ? out : dirname(out);
  return emit(new Map([[basename(out), text]]), { out: folder, check: args.on('check') }, context);
};
