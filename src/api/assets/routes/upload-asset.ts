import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { publicBase, type Routes } from '../../context.ts';
import { callerOf } from '../../http/auth.ts';
import { idempotencyKeyOf } from '../../http/idempotency.ts';
import { plainErrors } from '../../http/reply-schemas.ts';
import { storeFile } from '../../jobs/store-file.ts';
import { assetReply, viewAsset } from '../asset-view.ts';
import { incomingFile } from '../incoming-file.ts';
import { storeFileOnce } from '../store-file-once.ts';

/** `Retry-After` while another upload with the same idempotency key is in progress, in seconds. */
const busySeconds = 1;

/** `POST /api/assets` */
export const uploadAsset: Routes = (app, context) => {
  const { services, options } = context;
  app.route({
    method: 'POST',
    url: '/assets',
    schema: {
      tags: ['assets'],
      summary: 'Upload a file',
      description:
        'As multipart/form-data with one file, or as the raw body with its name in Content-Disposition or `filename`.',
      consumes: ['multipart/form-data', 'application/octet-stream'],
      querystring: z.strictObject({
        filename: z.string().min(1).max(1000).optional().describe('Name of a file that is the raw body.'),
      }),
      response: { 201: assetReply, ...plainErrors },
    },
    config: { upload: true },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const file = await incomingFile(request, options.limits, request.query.filename);
      const key = idempotencyKeyOf(request);
      const storing =
        key === undefined ? storeFile(services, caller, file) : storeFileOnce(services, caller, file, key);
      const asset = await storing.catch((error: unknown) => {
        if (error instanceof CodedError && error.code === 'CONFLICT') reply.header('retry-after', busySeconds);
        throw error;
      });
      reply.code(201).header('location', `/api/assets/${asset.key}`);
      return reply.send(await viewAsset(context, asset, publicBase(context, request)));
    },
  });
};
