import type { FastifyInstance, HTTPMethods } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';
import { editErrors } from './edit-errors.ts';

function refuse(app: FastifyInstance, method: HTTPMethods[], url: string, feature: string, deprecated = false): void {
  app.route({
    method,
    url,
    exposeHeadRoute: false,
    schema: { tags: ['edit'], summary: `${feature}: not offered`, deprecated, response: editErrors },
    // Once the key is checked and before the body is read: it does not matter what it is.
    preParsing: async () => {
      throw new CodedError('UNSUPPORTED', `This installation does not offer ${feature}.`, {
        remedy: 'See /docs for what it offers.',
      });
    },
    handler: async () => undefined,
  });
}

/** Templates, also under their deprecated routes. */
export function unsupportedTemplateRoutes(app: FastifyInstance, deprecated = false): void {
  refuse(app, ['GET', 'POST'], '/templates', 'templates', deprecated);
}

/** Documented routes that this version does not serve: a clear answer instead of a 404. */
export function unsupportedRoutes(app: FastifyInstance): void {
  unsupportedTemplateRoutes(app);
  refuse(app, ['GET', 'PUT', 'DELETE'], '/templates/:id', 'templates');
  refuse(app, ['POST'], '/render', 'rendering of templates');
  refuse(app, ['POST'], '/transcribe', 'transcription');
  refuse(app, ['POST', 'OPTIONS'], '/uploads', 'resumable uploads');
  refuse(app, ['HEAD', 'PATCH', 'DELETE'], '/uploads/:id', 'resumable uploads');
}
