import type { SourceFile } from './source-graph.ts';

/** Who may import what. A name that ends in `/` stands for everything below it, `node:` for every module of Node's. */
export interface Arrow {
  readonly from: string;
  readonly may: readonly string[];
  /** Whether npm packages other than the ones in `may` are allowed. */
  readonly packages: boolean;
  /** Parts of `may` that are not allowed after all. */
  readonly never?: readonly string[];
}

const WIRING = { may: ['src/', 'node:'], packages: true, never: ['src/main.ts', 'src/cli/'] };
const CONTRACT = ['src/model/', 'src/ports/job-store.ts', 'src/errors/error-table.ts'];
/** What the adapters of one port have in common. */
const SHARED = ['src/ports/job-write-rules.ts', 'src/lib/coalescing-queue.ts', 'src/worker-protocol/run-outcome.ts'];

/**
 * The arrows of the architecture, the most special first: a file obeys the first one whose `from` it starts with.
 * Only `main.ts`, what it starts (`standalone`, `operator`, `api`) and `cli/` wire adapters to the brain, so nothing else imports those.
 */
export const ARROWS: readonly Arrow[] = [
  { from: 'src/main.ts', may: ['src/', 'node:'], packages: true },
  { from: 'src/cli/', may: ['src/', 'node:'], packages: true, never: ['src/main.ts'] },
  { from: 'src/processes/standalone/standalone-command.ts', ...WIRING },
  { from: 'src/processes/standalone/standalone-server.ts', ...WIRING },
  { from: 'src/processes/operator/operator-command.ts', ...WIRING },
  { from: 'src/operator/', ...WIRING },
  { from: 'src/processes/api/api-command.ts', ...WIRING },
  { from: 'src/processes/api/api-server.ts', ...WIRING },
  { from: 'src/processes/http-server.ts', ...WIRING },
  { from: 'src/processes/api/bucket-policy.ts', ...WIRING },
  {
    from: 'src/config/load-config.ts',
    may: ['src/config/', 'src/errors/error-table.ts', 'node:', 'zod'],
    packages: false,
  },
  { from: 'src/config/', may: ['src/config/', 'node:', 'zod'], packages: false },
  { from: 'src/errors/error-table.ts', may: ['zod'], packages: false },
  { from: 'src/ports/job-write-rules.ts', may: [...CONTRACT, 'node:util', 'zod'], packages: false },
  { from: 'src/worker-protocol/run-outcome.ts', may: [...CONTRACT, 'node:os'], packages: false },
  { from: 'src/ports/job-store.ts', may: ['src/model/', 'src/errors/error-table.ts'], packages: false },
  { from: 'src/model/', may: ['src/model/', 'src/errors/error-table.ts', 'zod'], packages: false },
  { from: 'src/crd/', may: ['src/crd/', 'src/model/', 'src/errors/error-table.ts', 'zod', 'js-yaml'], packages: false },
  // Planners are pure; what runs a program or touches a disk sits in media/run/.
  { from: 'src/media/run/', may: ['src/media/', ...CONTRACT, 'node:', 'zod'], packages: false },
  {
    from: 'src/media/',
    may: ['src/media/', 'src/model/', 'src/errors/error-table.ts', 'zod'],
    packages: false,
    never: ['src/media/run/'],
  },
  { from: 'src/controller/', may: ['src/controller/', ...CONTRACT, 'node:util'], packages: false },
  // The names through which a runner talks to a worker are the only thing that an adapter knows of it.
  {
    from: 'src/local/',
    may: ['src/local/', ...SHARED, ...CONTRACT, 'src/worker-protocol/environment.ts', 'node:'],
    packages: true,
  },
  // The controller runtime knows Kubernetes and nothing of what is rendered.
  {
    from: 'src/kubernetes/runtime/',
    may: ['src/kubernetes/runtime/', 'src/ports/job-store.ts', 'node:'],
    packages: true,
  },
  {
    from: 'src/kubernetes/',
    may: ['src/kubernetes/', ...SHARED, ...CONTRACT, 'src/worker-protocol/environment.ts', 'node:'],
    packages: true,
  },
  // What came over NATS is told on within the process as on one machine.
  {
    from: 'src/nats/',
    may: ['src/nats/', 'src/adapters/in-process/in-process-bus.ts', ...SHARED, ...CONTRACT, 'node:'],
    packages: true,
  },
  { from: 'src/storage/', may: ['src/storage/', ...CONTRACT, 'node:'], packages: true },
  { from: 'src/webhooks/', may: ['src/webhooks/', ...CONTRACT, 'node:'], packages: true },
  {
    from: 'src/worker/',
    may: ['src/worker/', 'src/media/', 'src/storage/', 'src/nats/', ...CONTRACT, 'node:'],
    packages: true,
  },
  {
    from: 'src/api/',
    may: ['src/api/', 'src/media/', ...CONTRACT, 'node:'],
    packages: true,
    never: ['src/media/run/'],
  },
  // Single files at the top that serve every layer: logging, metrics, version.
  { from: 'src/', may: ['src/errors/error-table.ts', 'node:'], packages: true },
];

/** One sentence per import that goes against the arrows, and per folder that has none. */
export function arrowViolations(files: readonly SourceFile[], arrows: readonly Arrow[] = ARROWS): string[] {
  return files.flatMap((file) => {
    const arrow = arrows.find(({ from }) => covers(from, file.path));
    if (!arrow) return [`${file.path} lies in a folder that has no arrow`];
    return file.imports
      .filter((target) => !isAllowed(arrow, target))
      .map((target) => `${file.path} must not import ${target}`);
  });
}

function covers(pattern: string, target: string): boolean {
  if (pattern === 'src/') return /^src\/[^/]+\.ts$/.test(target);
  return isBelow(pattern, target);
}

function isBelow(pattern: string, target: string): boolean {
  if (pattern.endsWith('/') || pattern.endsWith(':')) return target.startsWith(pattern);
  return target === pattern || (!pattern.startsWith('src/') && target.startsWith(`${pattern}/`));
}

function isAllowed({ may, packages, never = [] }: Arrow, target: string): boolean {
  if (never.some((pattern) => isBelow(pattern, target))) return false;
  if (may.some((pattern) => isBelow(pattern, target))) return true;
  return packages && !target.startsWith('src/') && !target.startsWith('node:');
}
