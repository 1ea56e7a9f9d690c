import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import type { ApiOptions } from '../services.ts';
import { hoistSchemas } from './openapi-components.ts';

const description = 'Render video on Intel GPUs. Jobs created through one of its APIs are visible through all of them.';

const tags = [
  {
    name: 'edit',
    description:
      'Edit API: one operation per request, and the health of the installation. Errors are `{statusCode, code, message}`.',
  },
  { name: 'assets', description: 'Files: uploads and outputs. Errors are `{statusCode, code, message}`.' },
  { name: 'native', description: 'Native API: the RenderJob itself. Errors are problem details (RFC 9457).' },
  { name: 'system', description: 'Probes, metrics and documentation.' },
];

/** Collects the descriptions of all routes that are registered later. */
export function documentApi(app: FastifyInstance, { version }: Pick<ApiOptions, 'version'>): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Framewright', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      tags,
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ apiKey: [] }, { bearer: [] }],
    },
    transform: createJsonSchemaTransform({}),
  });
}

/** The OpenAPI document of a server that is ready. */
export function publishedApi(app: FastifyInstance): Record<string, unknown> {
  return hoistSchemas({ ...app.swagger() });
}
