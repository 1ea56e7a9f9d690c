import { formatClock } from './format.ts';
import type { JobView } from './job-view.ts';
import { paint, type Terminal } from './terminal.ts';

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of a given width, filled to an eighth of a letter. */
export function bar(percent: number, width: number): string {
  const filled = (Math.min(100, Math.max(0, percent)) / 100) * width;
  const whole = Math.floor(filled + 1e-9);
  const part = whole < width ? (eighths[Math.floor((filled - whole) * 8 + 1e-9)] ?? '') : '';
  return `${'█'.repeat(whole)}${part}`.padEnd(width, '░');
}

/** `encoding  132 fps  4.4x  0:12 left`: the figures that are known. */
export function details({ phase, reason, message, step, fps, speed, etaSeconds, attempt, backend }: JobView): string {
  // The bar and its colour show the rest; a sentence would not fit beside them.
  if (phase === 'Succeeded' && backend !== undefined) {
    return speed === undefined ? backend : `${backend}  ${speed.toFixed(1)}x`;
  }
  if (phase !== 'Running' && phase !== 'Starting') return message ?? reason ?? '';
  return [
    step,
    fps === undefined || fps === 0 ? undefined : `${fps.toFixed(fps < 10 ? 1 : 0)} fps`,
    speed === undefined || speed === 0 ? undefined : `${speed.toFixed(speed < 10 ? 1 : 0)}x`,
    etaSeconds === undefined ? undefined : `${formatClock(etaSeconds)} left`,
    attempt > 1 ? `attempt ${attempt}` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('  ');
}

/** One line for a live terminal, never longer than its width. */
export function progressLine(view: JobView, terminal: Pick<Terminal, 'color' | 'columns'>, label = view.name): string {
  const columns = Math.max(20, terminal.columns() - 1);
  const percent = view.phase === 'Succeeded' ? 100 : (view.percent ?? 0);
  const width = Math.max(8, Math.min(30, columns - label.length - 46));
  const head = `${label}  ${bar(percent, width)} ${percent.toFixed(0).padStart(3)} %  `;
  const text = `${head}${view.phase === 'Running' ? '' : `${view.phase}  `}${details(view)}`;
  const short = text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
  return colored(short, label.length, width, view, terminal);
}

function colored(
  line: string,
  labelLength: number,
  width: number,
  { phase }: JobView,
  terminal: Pick<Terminal, 'color'>,
): string {
  const style = phase === 'Succeeded' ? 'green' : phase === 'Failed' ? 'red' : 'cyan';
  const start = labelLength + 2;
  return line.slice(0, start) + paint(terminal, style, line.slice(start, start + width)) + line.slice(start + width);
}

/** Decides when a log, which cannot redraw, gets a new line: on every phase, reason or attempt, and every 10 percent. */
export class PlainProgress {
  #last: { readonly key: string; readonly percent: number } | undefined;

  /** The line to print, or `undefined` when nothing has changed enough. */
  next(view: JobView, label = view.name): string | undefined {
    const percent = view.phase === 'Succeeded' ? 100 : (view.percent ?? 0);
    const key = [view.phase, view.phase === 'Running' ? '' : view.reason, view.attempt].join('/');
    if (this.#last?.key === key && percent < this.#last.percent + 10) return undefined;
    this.#last = { key, percent };
    const figure = view.phase === 'Running' ? ` ${percent.toFixed(0)} %` : '';
    return `${label}: ${view.phase}${figure}  ${details(view)}`.trimEnd();
  }
}
