import { bounds } from '../../model/job/bounds.ts';
import type { RenderJob, RenderJobSpec } from '../../model/job/render-job.ts';
import type { Caller } from '../http/auth.ts';
import { specBytes } from '../jobs/create-job.ts';
import { storeFile } from '../jobs/store-file.ts';
import type { ApiServices } from '../services.ts';
import { captionsFile } from './captions-file.ts';
import { captionsOf, withCaptionsFile } from './edit-spec.ts';

type CreateJob = (spec: RenderJobSpec) => Promise<{ readonly job: RenderJob; readonly created: boolean }>;

/** Creates a job; stores captions that do not fit into it as a file of the caller, and removes it if no job was created. */
export async function createWithCaptions(
  services: ApiServices,
  caller: Caller,
  spec: RenderJobSpec,
  create: CreateJob,
): Promise<RenderJob> {
  const captions = captionsOf(spec);
  if (captions === undefined || (captions.length <= bounds.captions && specBytes(spec) <= bounds.specBytes)) {
    return (await create(spec)).job;
  }
  const file = await storeFile(services, caller, {
    filename: 'captions.vtt',
    extension: 'vtt',
    mediaType: 'text/vtt',
    content: [Buffer.from(captionsFile(captions))],
    maxBytes: Number.POSITIVE_INFINITY,
  });
  const removeFile = async (): Promise<void> => {
    await services.assets.remove(file.key);
    await services.objects.remove(file.key);
  };
  try {
    const { job, created } = await create(withCaptionsFile(spec, file.key));
    if (!created) await removeFile();
    return job;
  } catch (error) {
    await removeFile();
    throw error;
  }
}
