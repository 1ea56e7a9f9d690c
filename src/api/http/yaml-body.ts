import type { FastifyInstance } from 'fastify';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { CodedError } from '../../errors/coded-error.ts';

const types = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'application/vnd.yaml'];

/** A single YAML document (RFC 9512). Aliases are refused: a few lines of them can stand for gigabytes. */
export function parseYaml(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA, maxAliases: 0, maxDepth: 50 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new CodedError('INVALID_REQUEST', `Expected one YAML document: ${error.reason}.`, { cause: error });
  }
}

/** Lets the routes of a plugin take YAML beside JSON. */
export function takeYaml(app: FastifyInstance): void {
  app.addContentTypeParser(types, { parseAs: 'string' }, async (_request: unknown, text: string) => parseYaml(text));
}
