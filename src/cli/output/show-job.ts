import type { Observation } from '../client/watch-job.ts';
import { formatBytes } from './format.ts';
import { isFinished, type JobView } from './job-view.ts';
import { PlainProgress, progressLine } from './progress-view.ts';
import type { Terminal } from './terminal.ts';
import { paint } from './terminal.ts';

/** Shows a job until it ends: one line that is redrawn on a terminal, plain lines elsewhere. Resolves with its last state. */
export async function showUntilEnd(
  observations: AsyncIterable<Observation>,
  terminal: Terminal,
): Promise<Observation | undefined> {
  const plain = new PlainProgress();
  let last: Observation | undefined;
  for await (const observation of observations) {
    last = observation;
    if (terminal.live) {
      terminal.err(`\r\u001b[2K${progressLine(observation.view, terminal)}`);
    } else {
      const line = plain.next(observation.view);
      if (line !== undefined) terminal.err(`${line}\n`);
    }
  }
  if (terminal.live && last) terminal.err(isFinished(last.view) ? '\r\u001b[2K' : '\n');
  return last;
}

/** `Succeeded in 3.2 s (software, 4.4x)`. */
export function summaryLine(view: JobView, terminal: Pick<Terminal, 'color'>): string {
  const { name, phase, encodeSeconds, backend, speed } = view;
  const facts = [backend, speed === undefined ? undefined : `${speed.toFixed(1)}x`].filter(
    (fact) => fact !== undefined,
  );
  const time = encodeSeconds === undefined ? '' : ` in ${encodeSeconds.toFixed(1)} s`;
  const style = phase === 'Succeeded' ? 'green' : 'red';
  return `${name}  ${paint(terminal, style, phase)}${time}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

/** One line for each published file. */
export function outputLines({ outputs }: JobView, locations: ReadonlyMap<string, string>): string[] {
  return outputs.map(({ name, key, bytes, summary }) =>
    [`  ${name}`, locations.get(key) ?? key, bytes === undefined ? undefined : formatBytes(bytes), summary]
      .filter((part) => part !== undefined && part !== '')
      .join('  '),
  );
}
