import multipart from '@fastify/multipart';
import type { ApiPlugin } from '../context.ts';
import { requireKey } from '../http/auth.ts';
import { deleteAsset } from './routes/delete-asset.ts';
import { getFile } from './routes/get-file.ts';
import { listAssets } from './routes/list-assets.ts';
import { uploadAsset } from './routes/upload-asset.ts';

/** Files: uploads, and what was rendered. Only their unguessable URL is needed to fetch them. */
export const assetsApi: ApiPlugin = async (app, { context }) => {
  getFile(app, context);
  await app.register(withKey, { prefix: '/api', context });
};

const withKey: ApiPlugin = async (app, { context }) => {
  app.addHook('onRequest', requireKey(context.services.keys));
  // A body that is not multipart is the file itself and stays a stream.
  app.removeAllContentTypeParsers();
  await app.register(multipart, { throwFileSizeLimit: false });
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  for (const register of [uploadAsset, listAssets, deleteAsset]) register(app, context);
};
