import type { FastifyInstance } from 'fastify';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { CodedError } from '../../errors/coded-error.ts';

const types = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'application/vnd.yaml'];

/** A single YAML document (RFC 9512). Aliases are rejected: a few lines of them can expand to gigabytes. */
function parseYaml(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA, maxAliases: 0, maxDepth: 50 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new CodedError('INVALID_REQUEST', `Expected one YAML document: ${error.reason}.`, { cause: error });
  }
}

/** Lets the routes of a plugin accept YAML beside JSON. */
export function acceptYaml(app: Pick<FastifyInstance, 'addContentTypeParser'>): void {
  app.addContentTypeParser(types, { parseAs: 'string' }, async (_request: unknown, text: string) => parseYaml(text));
}
