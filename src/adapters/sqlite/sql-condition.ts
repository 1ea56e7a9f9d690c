/** A condition of a WHERE clause with its parameters. */
export interface Condition {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** The conjunction of conditions; of none: always true. */
export function allOf(parts: readonly Condition[]): Condition {
  return {
    text: ['TRUE', ...parts.map(({ text }) => text)].join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}
