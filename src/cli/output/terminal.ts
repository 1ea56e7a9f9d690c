/** Where a command writes: results to `out`, everything for the eye to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a terminal that can redraw a line. */
  readonly live: boolean;
  /** Only where both streams are terminals: a result in a file or a pipe must not hold colours. */
  readonly color: boolean;
  /** Width of the terminal in letters, read again each time. */
  columns(): number;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours a text where the terminal shows colours. */
export function paint(terminal: Pick<Terminal, 'color'>, style: keyof typeof codes, value: string): string {
  return terminal.color ? `\u001b[${codes[style]}m${value}\u001b[0m` : value;
}

interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The terminal of a process. NO_COLOR (no-color.org) and TERM=dumb are honoured. */
export function processTerminal(
  streams: { readonly stdout: OutputStream; readonly stderr: OutputStream },
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const live = streams.stderr.isTTY === true && environment['TERM'] !== 'dumb';
  return {
    out: (text) => void streams.stdout.write(text),
    err: (text) => void streams.stderr.write(text),
    live,
    color: live && streams.stdout.isTTY === true && !environment['NO_COLOR'],
    columns: () => streams.stderr.columns ?? streams.stdout.columns ?? 80,
  };
}
