import { GetObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

/**
 * Reads the metadata of an object. An answer to HEAD has no body that could name the cause of a failure, and some servers
 * answer 404 to unknown credentials: for a failure that has to be `explained`, the rejection is that of a GET.
 */
export async function headObject(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  { abortSignal, explained }: { readonly abortSignal: AbortSignal; readonly explained: (error: unknown) => boolean },
): Promise<HeadObjectCommandOutput> {
  return client.send(new HeadObjectCommand(object), { abortSignal }).catch(async (error: unknown) => {
    if (explained(error)) await client.send(new GetObjectCommand({ ...object, Range: 'bytes=0-0' }), { abortSignal });
    throw error;
  });
}
