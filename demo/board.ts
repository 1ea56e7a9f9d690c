import { isFinished, type JobView } from '../src/cli/output/job-view.ts';
import { PlainProgress, progressLine } from '../src/cli/output/progress-view.ts';
import type { Terminal } from '../src/cli/output/terminal.ts';

/** Shows several jobs in parallel: a bar for each on a terminal, plain lines elsewhere. */
export class Board {
  readonly #terminal: Terminal;
  readonly #rows = new Map<string, JobView | undefined>();
  readonly #plain = new Map<string, PlainProgress>();
  readonly #width: number;
  #drawn = 0;
  #lastDraw = 0;

  constructor(terminal: Terminal, titles: readonly string[]) {
    this.#terminal = terminal;
    this.#width = Math.max(...titles.map(({ length }) => length));
    for (const title of titles) this.#rows.set(title, undefined);
  }

  show(title: string, view: JobView): void {
    this.#rows.set(title, view);
    if (!this.#terminal.live) {
      const progress = this.#plain.get(title) ?? new PlainProgress();
      this.#plain.set(title, progress);
      const line = progress.next(view, title.padEnd(this.#width));
      if (line !== undefined) this.#terminal.err(`  ${line}\n`);
      return;
    }
    // Ten updates a second are enough to look live; an end is always drawn.
    if (isFinished(view) || performance.now() - this.#lastDraw > 100) this.#draw();
  }

  #draw(): void {
    this.#lastDraw = performance.now();
    const narrow = { color: this.#terminal.color, columns: () => this.#terminal.columns() - 2 };
    const lines = [...this.#rows].map(([title, view]) => {
      const label = title.padEnd(this.#width);
      return view === undefined ? `${label}  …` : progressLine(view, narrow, label);
    });
    const up = this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`;
    this.#terminal.err(`${up}${lines.map((line) => `\u001b[2K  ${line}\n`).join('')}`);
    this.#drawn = lines.length;
  }
}
