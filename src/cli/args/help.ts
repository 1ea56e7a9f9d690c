import { exitCodeMeanings } from '../../errors/exit-codes.ts';
import type { OptionSpec } from './command-line.ts';
import { type CommandSpec, commands, optionsOf } from './command-table.ts';

/** `framewright --help`. */
export function generalHelp(): string {
  const groups = ['Render', 'Serve', 'Maintain'] as const;
  const rows = groups.map((group) => {
    const lines = commands
      .filter((command) => command.group === group)
      .map(({ name, summary }) => [name, summary] as const);
    return `${group}:\n${columns(lines)}`;
  });
  const exits = columns(exitCodeMeanings.map(({ code, meaning }) => [String(code), meaning] as const));
  return (
    [
      'Framewright renders video: it trims, joins, mutes, blurs, captions and encodes, on Intel GPUs where there are any.',
      'Usage: framewright COMMAND [OPTIONS]\n       framewright COMMAND --help',
      ...rows,
      `Exit codes:\n${exits}`,
      'First steps:\n  framewright standalone                        in one terminal\n  framewright submit --op trim --start 1 --end 5 clip.mp4 -o out.mp4\nWith another data folder (--data DIR), first: export FRAMEWRIGHT_API_KEY=$(cat DIR/admin-key)',
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

/** `framewright COMMAND --help`; `more` stands before the examples. */
export function commandHelp(command: CommandSpec, more: readonly string[] = []): string {
  const usage = `Usage: framewright ${[command.name, '[OPTIONS]', command.operands].filter(Boolean).join(' ')}`;
  const options = columns(optionsOf(command).map((option) => [optionHead(option), option.description] as const));
  const examples = command.examples.map(({ line, what }) => `  # ${what}\n  ${line}`).join('\n');
  return (
    [
      command.summary,
      usage,
      ...(command.description ? [wrap(command.description, 100)] : []),
      `Options:\n${options}`,
      ...more,
      ...(examples ? [`Examples:\n${examples}`] : []),
    ].join('\n\n') + '\n'
  );
}

/** `-o, --output FILE`. */
function optionHead({ name, short, value }: OptionSpec): string {
  return `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
}

/** Two columns, the second one wrapped. */
export function columns(rows: readonly (readonly [string, string])[], width = 110): string {
  const left = Math.max(0, ...rows.map(([head]) => head.length));
  return rows
    .map(([head, text]) => {
      const lines = wrap(text, width - left - 4).split('\n');
      return lines.map((line, index) => `  ${(index === 0 ? head : '').padEnd(left)}  ${line}`).join('\n');
    })
    .join('\n');
}

export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
