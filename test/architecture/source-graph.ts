import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync, Visitor } from 'vite';

/** What the architecture tests need to know of one source file. */
export interface SourceFile {
  /** Path in the checkout, such as `src/model/job/output.ts`. */
  readonly path: string;
  /** What it imports, types and dynamic imports included: a path in the checkout, or a module's name as written. */
  readonly imports: readonly string[];
  /** What it reaches for besides imports: `process.env`, `Date.now`, `new Date`, `Math.random`, `setTimeout`, … */
  readonly reaches: readonly string[];
  /** Comments that silence a checker, as written. */
  readonly silencers: readonly string[];
}

const SILENCER = /oxlint-disable|eslint-disable|biome-ignore|@ts-ignore|@ts-nocheck|@ts-expect-error/;
const GLOBAL_CALLS = new Set(['fetch', 'setTimeout', 'setInterval', 'setImmediate']);

/** Reads every TypeScript file of `src`, sorted by path. */
export function readSources(root: string): SourceFile[] {
  return globSync('src/**/*.ts', { cwd: root })
    .toSorted()
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/**
 * Parses one file.
 *
 * @throws Error when it has a syntax error
 */
export function parseSource(path: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`);
  const imports = new Set<string>();
  const reaches = new Set<string>();
  const add = (source: { readonly value?: unknown } | null) => {
    if (typeof source?.value === 'string') imports.add(resolveImport(path, source.value));
  };
  const visitor = new Visitor({
    ImportDeclaration: ({ source, specifiers }) => {
      add(source);
      if (source.value !== 'node:process') return;
      for (const { local } of specifiers) reaches.add(`process.${local.name}`);
    },
    ExportAllDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal') add(source);
    },
    TSImportType: ({ source }) => add(source),
    MemberExpression: ({ object, property }) => {
      if (object.type !== 'Identifier') return;
      if (property.type === 'Identifier') reaches.add(`${object.name}.${property.name}`);
      if (property.type === 'Literal' && typeof property.value === 'string') {
        reaches.add(`${object.name}.${property.value}`);
      }
    },
    VariableDeclarator: ({ id, init }) => {
      if (init?.type !== 'Identifier' || id.type !== 'ObjectPattern') return;
      for (const property of id.properties) {
        if (property.type === 'Property' && property.key.type === 'Identifier') {
          reaches.add(`${init.name}.${property.key.name}`);
        }
      }
    },
    NewExpression: ({ callee, arguments: args }) => {
      if (callee.type === 'Identifier' && callee.name === 'Date' && args.length === 0) reaches.add('new Date');
    },
    CallExpression: ({ callee }) => {
      if (callee.type === 'Identifier' && GLOBAL_CALLS.has(callee.name)) reaches.add(callee.name);
    },
  });
  visitor.visit(program);
  const silencers = comments.map(({ value }) => value.trim()).filter((comment) => SILENCER.test(comment));
  return { path, imports: [...imports], reaches: [...reaches], silencers };
}

function resolveImport(from: string, specifier: string): string {
  return specifier.startsWith('.') ? join(dirname(from), specifier) : specifier;
}

/** Every import cycle, each as the files along it, found depth first; empty when there is none. */
export function findCycles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start !== -1) cycles.push([...trail.slice(start), path]);
    if (start !== -1 || done.has(path)) return;
    for (const next of byPath.get(path)?.imports ?? []) {
      if (byPath.has(next)) visit(next, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}
