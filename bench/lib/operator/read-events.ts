import { z } from 'zod';
import type { ApiProcess } from './api-process.ts';
import type { RunningJob } from './status-ages.ts';

const progressEvent = z.object({ updatedAt: z.iso.datetime() });

/** Follows the event streams of these jobs for so long; answers how old each piece of progress was, in milliseconds. */
export async function readEvents(
  { url, key }: Pick<ApiProcess, 'url' | 'key'>,
  jobs: readonly RunningJob[],
  seconds: number,
): Promise<number[]> {
  const ages: number[] = [];
  const stop = AbortSignal.timeout(seconds * 1000);
  const follow = async ({ name }: RunningJob): Promise<void> => {
    const reply = await fetch(`${url}/apis/render-jobs/${name}/events`, {
      headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' },
      signal: stop,
    });
    if (!reply.ok || reply.body === null) throw new Error(`Expected events of ${name}, got ${await reply.text()}`);
    let [text, first] = ['', true];
    for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^event: progress$/m.test(block) ? /^data: (.*)$/m.exec(block)?.[1] : undefined;
        if (data === undefined) continue;
        // The first one is what was known before the stream was opened.
        if (!first) ages.push(Date.now() - Date.parse(progressEvent.parse(JSON.parse(data)).updatedAt));
        first = false;
      }
    }
  };
  await Promise.all(
    jobs.map((job) =>
      follow(job).catch((error: unknown) => {
        if (!stop.aborted) throw error;
      }),
    ),
  );
  return ages;
}
