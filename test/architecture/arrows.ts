import type { SourceFile } from './source-graph.ts';

/** Who may import what. A name that ends in `/` stands for everything below it, `node:` for every module of Node's. */
export interface Arrow {
  readonly from: string;
  readonly may: readonly string[];
  /** Whether npm packages other than the ones in `may` are allowed. */
  readonly packages: boolean;
}

const LIB = ['src/lib/'];
const ERRORS = [...LIB, 'src/errors/'];
const MODEL = [...ERRORS, 'src/model/'];
const PORTS = [...MODEL, 'src/ports/'];
const PROTOCOL = [...PORTS, 'src/worker-protocol/'];

/** Every file of `src/media/`, without what starts programs or touches files. */
const IDEAS = [
  'encoders',
  'ffmpeg',
  'filters',
  'gpu',
  'mp4',
  'operations',
  'outputs',
  'packaging',
  'planning',
  'probe',
  'smart-cut',
  'verify',
];

/**
 * The arrows of the architecture: a file obeys the one with the longest `from` that it starts with.
 *
 *   lib <- errors <- model <- ports <- worker-protocol <- {controller, media, adapters, api} <- worker, processes <- cli
 */
const ARROWS: readonly Arrow[] = [
  { from: 'src/main.ts', may: ['src/', 'node:'], packages: true },
  { from: 'src/lib/', may: [...LIB, 'package.json', 'node:'], packages: false },
  { from: 'src/errors/', may: [...ERRORS, 'zod'], packages: false },
  { from: 'src/config/', may: [...ERRORS, 'src/config/', 'node:', 'zod'], packages: false },
  { from: 'src/model/', may: [...MODEL, 'zod', 'js-yaml'], packages: false },
  { from: 'src/ports/', may: [...PORTS, 'node:util', 'zod'], packages: false },
  { from: 'src/worker-protocol/', may: [...PROTOCOL, 'node:os', 'zod'], packages: false },
  { from: 'src/controller/', may: [...PORTS, 'src/controller/', 'node:util'], packages: false },
  // Planners are pure: only what lies in a folder run/ starts programs or touches files, and no planner imports it.
  ...IDEAS.flatMap((idea): readonly Arrow[] => [
    {
      from: `src/media/${idea}/`,
      may: [...MODEL, 'zod', ...IDEAS.map((other) => `src/media/${other}/*`)],
      packages: false,
    },
    { from: `src/media/${idea}/run/`, may: [...PORTS, 'src/media/', 'node:', 'zod'], packages: false },
  ]),
  // One adapter knows another one only where it says so here.
  ...Object.entries({
    // The client knows Kubernetes and nothing of what is rendered.
    'kubernetes/client': [],
    kubernetes: [],
    sqlite: [],
    // Runs are recorded in the database of the server.
    processes: ['sqlite/database.ts'],
    'in-process': [],
    // What came over NATS is passed on within the process as on one machine.
    nats: ['in-process/'],
    'object-store': [],
    // An object of S3 is fetched with the client of the object store.
    sources: ['object-store/'],
  }).map(([name, others]) => ({
    from: `src/adapters/${name}/`,
    may: [
      ...(name === 'kubernetes/client' ? [...LIB, 'src/ports/'] : PROTOCOL),
      `src/adapters/${name}/`,
      ...others.map((other) => `src/adapters/${other}`),
      'node:',
    ],
    packages: true,
  })),
  { from: 'src/observability/', may: [...PORTS, 'src/observability/', 'node:'], packages: true },
  // The server and what all its rooms need; a published API knows no other one.
  {
    from: 'src/api/',
    may: [...PORTS, 'src/observability/', 'src/media/planning/*', 'src/api/', 'node:'],
    packages: true,
  },
  { from: 'src/api/http/', may: [...PORTS, 'src/api/http/', 'node:'], packages: true },
  {
    from: 'src/api/jobs/',
    may: [...PORTS, 'src/api/http/', 'src/api/jobs/', 'src/api/*', 'node:'],
    packages: true,
  },
  ...['edit', 'native', 'assets'].map((room) => ({
    from: `src/api/${room}/`,
    may: [
      ...PORTS,
      'src/api/*',
      'src/api/http/',
      'src/api/jobs/',
      ...(room === 'native' ? ['src/media/planning/*'] : []),
      `src/api/${room}/`,
      'node:',
    ],
    packages: true,
  })),
  {
    from: 'src/worker/',
    may: [
      ...PROTOCOL,
      'src/worker/',
      'src/media/',
      ...['nats', 'object-store', 'sources'].map((adapter) => `src/adapters/${adapter}/`),
      'node:',
    ],
    packages: true,
  },
  {
    from: 'src/processes/',
    may: [
      ...PROTOCOL,
      ...['config', 'controller', 'media', 'adapters', 'observability', 'api', 'worker', 'processes'].map(
        (room) => `src/${room}/`,
      ),
      'node:',
    ],
    packages: true,
  },
  {
    from: 'src/cli/',
    may: [
      ...PROTOCOL,
      ...['config', 'media', 'adapters', 'api', 'processes', 'cli'].map((room) => `src/${room}/`),
      'node:',
    ],
    packages: true,
  },
];

/** One sentence per import that goes against the arrows, and per folder that has none. */
export function arrowViolations(files: readonly SourceFile[], arrows: readonly Arrow[] = ARROWS): string[] {
  return files.flatMap((file) => {
    const arrow = arrows
      .filter(({ from }) => isBelow(from, file.path))
      .toSorted((a, b) => b.from.length - a.from.length)[0];
    if (!arrow) return [`${file.path} lies in a folder that has no arrow`];
    return file.imports
      .filter((target) => !isAllowed(arrow, target))
      .map((target) => `${file.path} must not import ${target}`);
  });
}

/** `a/` is everything below the folder, `a/*` the files in it alone. */
function isBelow(pattern: string, target: string): boolean {
  if (pattern.endsWith('/*'))
    return target.startsWith(pattern.slice(0, -1)) && !target.slice(pattern.length - 1).includes('/');
  if (pattern.endsWith('/') || pattern.endsWith(':')) return target.startsWith(pattern);
  return target === pattern || (!pattern.startsWith('src/') && target.startsWith(`${pattern}/`));
}

function isAllowed({ may, packages }: Arrow, target: string): boolean {
  if (may.some((pattern) => isBelow(pattern, target))) return true;
  return packages && !target.startsWith('src/') && !target.startsWith('node:');
}
