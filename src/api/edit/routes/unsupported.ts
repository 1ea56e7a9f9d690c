import type { HTTPMethods } from 'fastify';
import { CodedError } from '../../../errors/coded-error.ts';
import type { ApiRoutes, Routes } from '../../context.ts';
import { editErrors } from '../edit-errors.ts';

interface UnsupportedRoute {
  readonly method: HTTPMethods[];
  readonly url: string;
  readonly feature: string;
  readonly deprecated?: boolean;
}

function unsupported(app: ApiRoutes, { method, url, feature, deprecated = false }: UnsupportedRoute): void {
  app.route({
    method,
    url,
    exposeHeadRoute: false,
    schema: { tags: ['edit'], summary: `${feature}: not supported`, deprecated, response: editErrors },
    // After the key is checked and before the body is read: its content does not matter.
    preParsing: async () => {
      throw new CodedError('UNSUPPORTED', `This installation does not support ${feature}.`, {
        remedy: 'See /docs for the supported routes.',
      });
    },
    handler: async () => undefined,
  });
}

/** Templates, also under their deprecated routes. */
export function unsupportedTemplateRoutes(app: ApiRoutes, { deprecated }: { readonly deprecated: boolean }): void {
  unsupported(app, { method: ['GET', 'POST'], url: '/templates', feature: 'templates', deprecated });
}

/** Documented routes that this version does not serve: they answer 501 instead of 404. */
export const unsupportedRoutes: Routes = (app) => {
  unsupportedTemplateRoutes(app, { deprecated: false });
  unsupported(app, { method: ['GET', 'PUT', 'DELETE'], url: '/templates/:id', feature: 'templates' });
  unsupported(app, { method: ['POST'], url: '/render', feature: 'rendering of templates' });
  unsupported(app, { method: ['POST'], url: '/transcribe', feature: 'transcription' });
  unsupported(app, { method: ['POST', 'OPTIONS'], url: '/uploads', feature: 'resumable uploads' });
  unsupported(app, { method: ['HEAD', 'PATCH', 'DELETE'], url: '/uploads/:id', feature: 'resumable uploads' });
};
