import { z } from 'zod';
import { omitUndefined } from '../../../lib/omit-undefined.ts';
import { publicBase, type Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { linkNextPage } from '../../http/paging.ts';
import { plainErrors } from '../../http/reply-schemas.ts';
import { ownedBy } from '../asset-access.ts';
import { assetReply, viewAsset } from '../asset-view.ts';

const assetQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('Most files in the reply.'),
  cursor: z.string().max(200).optional().describe('From the Link header of the previous page.'),
});

const assetList = z.strictObject({ assets: z.array(assetReply).describe('Newest first.') });

/** `GET /api/assets` */
export const listAssets: Routes = (app, context) => {
  app.route({
    method: 'GET',
    url: '/assets',
    schema: {
      tags: ['assets'],
      summary: 'List the uploaded files',
      querystring: assetQuery,
      response: { 200: assetList, ...plainErrors },
    },
    handler: async (request, reply) => {
      const { limit, cursor } = request.query;
      const filter = ownedBy(callerOf(request));
      const page = await context.services.assets.list(filter, { limit, ...omitUndefined({ cursor }) });
      linkNextPage(reply, '/api/assets', { limit }, page.cursor);
      const base = publicBase(context, request);
      return { assets: await Promise.all(page.assets.map((asset) => viewAsset(context, asset, base))) };
    },
  });
};
