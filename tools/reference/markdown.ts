/** A notice that keeps people from editing a generated page. */
export function generatedFrom(source: string): string {
  return `<!-- Generated from ${source}; change that and run \`npm run generate\`. -->`;
}

/** A table; bars and line breaks in cells are escaped. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', '<br>');
}

export function page(...blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}
