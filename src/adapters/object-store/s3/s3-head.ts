import { GetObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

/**
 * Asks for an object. An answer to HEAD has no body that could name the cause of a failure, and some servers say 404 to
 * credentials that they do not know: where `explained` says so, the rejection is that of a GET.
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
