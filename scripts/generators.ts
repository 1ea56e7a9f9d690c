/** A committed file (or folder) that a command of ours writes, and whose `--check` fails when it is out of date. */
export interface Generator {
  readonly name: string;
  /** Arguments of `node`, relative to the checkout; without `--check` it writes. */
  readonly args: readonly string[];
}

export const GENERATORS: readonly Generator[] = [
  { name: 'crds', args: ['src/main.ts', 'crd'] },
  { name: 'openapi', args: ['src/main.ts', 'openapi'] },
  { name: 'docs', args: ['src/main.ts', 'docs'] },
];
