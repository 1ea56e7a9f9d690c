// Renders a RenderJob over the Native API and shows its progress as server-sent events. Node 24, no packages:
//   FRAMEWRIGHT_URL=http://127.0.0.1:8080 FRAMEWRIGHT_API_KEY=fwk_… node examples/node/render.ts clip.mp4 out.mp4
import { readFile, writeFile } from 'node:fs/promises';

const [clip = 'clip.mp4', out = 'out.mp4'] = process.argv.slice(2);
const { FRAMEWRIGHT_URL: base = 'http://127.0.0.1:8080', FRAMEWRIGHT_API_KEY: key = '' } = process.env;

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('X-API-Key', key);
  const response = await fetch(new URL(path, base), { ...init, headers });
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

interface Job {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly message?: string;
    readonly error?: { readonly message: string; readonly remedy?: string };
    readonly result?: { readonly outputs: readonly { readonly name: string; readonly url: string }[] };
  };
}

const upload = await call('/api/assets', {
  method: 'POST',
  headers: { 'content-type': 'video/mp4' },
  body: await readFile(clip),
});
const { id }: { id: string } = JSON.parse(await upload.text());

const created = await call('/apis/render-jobs', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    inputs: [{ name: 'clip', asset: id }],
    operations: [{ trim: { start: 1, end: 3 } }, { mute: {} }],
    output: { video: { codec: 'h264' } },
  }),
});
const { metadata }: Job = JSON.parse(await created.text());

let job: Job | undefined;
const events = await call(`/apis/render-jobs/${metadata.name}/events`);
let text = '';
for await (const chunk of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
  text += chunk;
  for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
    const lines = text.slice(0, end).split('\n');
    text = text.slice(end + 2);
    const field = (name: string): string =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
    if (field('event') === 'progress') console.log(`${JSON.parse(field('data')).percent} %`);
    if (field('event') === 'job') job = JSON.parse(field('data'));
  }
}

if (job?.status.phase !== 'Succeeded') {
  const { error, message, phase } = job?.status ?? { phase: 'Removed' };
  throw new Error(`${metadata.name} is ${phase}: ${error?.message ?? message ?? ''} ${error?.remedy ?? ''}`);
}
const url = job.status.result?.outputs.find(({ name }) => name === 'main')?.url;
if (url === undefined) throw new Error('The job has no output named main');
const file = await fetch(url);
await writeFile(out, new Uint8Array(await file.arrayBuffer()));
console.log(`wrote ${out}`);
