import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { isTerminal, phases } from '../../../model/status/lifecycle.ts';
import type { JobStore } from '../../../ports/job-store.ts';
import type { Routes } from '../../context.ts';
import { type Caller, callerOf } from '../../http/auth.ts';
import { plainErrors } from '../../http/reply-schemas.ts';
import { ownAsset, ownedBy } from '../asset-access.ts';

/** `DELETE /api/assets/:id` */
export const deleteAsset: Routes = (app, { services }) => {
  app.route({
    method: 'DELETE',
    url: '/assets/:id',
    schema: {
      tags: ['assets'],
      summary: 'Delete an uploaded file',
      description: '409 CONFLICT names the unfinished jobs that need it.',
      params: z.object({ id: z.string().describe('Id of the file.') }),
      response: { 204: z.null().describe('The file is deleted.'), ...plainErrors },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const asset = await ownAsset(services.assets, caller, request.params.id);
      await requireUnused(services.store, caller, asset.key);
      // The bytes first: an entry without bytes can be deleted again, bytes without an entry cannot.
      await services.objects.remove(asset.key);
      await services.assets.remove(asset.key);
      return reply.code(204).send(null);
    },
  });
};

/** Most jobs that an error names. */
const namedJobs = 5;

/** An unfinished job may start or restart at any moment: `CONFLICT` while one needs the file. */
async function requireUnused(store: JobStore, caller: Caller, asset: string): Promise<void> {
  const filter = { asset, phases: phases.filter((phase) => !isTerminal(phase)) };
  const all = await store.count(filter);
  if (all === 0) return;
  // Any client with its URL can use a file; the names of other owners' jobs stay hidden.
  const { jobs } = await store.list({ ...filter, ...ownedBy(caller) }, { limit: namedJobs });
  const names = jobs.map(({ metadata }) => metadata.name);
  const others = all - names.length;
  const rest = others > 0 ? [`${others} ${names.length > 0 ? 'more' : 'of others'}`] : [];
  const message = `Expected a file that no unfinished job needs, got one that ${all === 1 ? 'one needs' : `${all} need`}`;
  throw new CodedError('CONFLICT', `${message}: ${[...names, ...rest].join(', ')}.`, {
    remedy: 'Wait until these jobs have ended, or cancel them; then delete the file.',
    details: names.map((name) => ({ path: name, message: 'needs this file as an input' })),
  });
}
