import type { OptionSpec } from './command-line.ts';

/** What a command is, for the parser, the help and the reference. Plain data: the help of one verb loads no other. */
export interface CommandSpec {
  readonly name: string;
  readonly group: 'Render' | 'Serve' | 'Maintain';
  readonly summary: string;
  /** Positional arguments as the usage line shows them. */
  readonly operands: string;
  /** How many positional arguments there may be. */
  readonly positionals: readonly [min: number, max: number];
  readonly description?: string;
  readonly options: readonly OptionSpec[];
  /** Whether it talks to a server, so `--url`, `--api-key-file` and `--json` apply. */
  readonly client?: true;
  readonly examples: readonly { readonly line: string; readonly what: string }[];
}

const json: OptionSpec = { name: 'json', description: 'Print JSON for programs instead of text for people.' };

/** Options of every command that talks to a server. */
export const clientOptions: readonly OptionSpec[] = [
  { name: 'url', value: 'URL', description: 'Server to talk to; FRAMEWRIGHT_URL, else http://127.0.0.1:8080.' },
  {
    name: 'api-key-file',
    value: 'FILE',
    description:
      'File with the API key; else FRAMEWRIGHT_API_KEY, else the admin key of the local data folder (for a server on this machine).',
  },
  json,
];

export const helpOption: OptionSpec = { name: 'help', short: 'h', description: 'Show this help.' };

export const commands: readonly CommandSpec[] = [
  {
    name: 'submit',
    group: 'Render',
    summary: 'Upload, render, watch and download in one go; or submit a manifest.',
    operands: 'FILE… | MANIFEST',
    positionals: [1, 64],
    description:
      'FILE is a local file (it is uploaded), an http(s) URL, asset:NAME (a file that is on the server already) or ' +
      'file:PATH (below the media root of the server). MANIFEST is a RenderJob as .yaml, .yml or .json.',
    client: true,
    options: [
      {
        name: 'op',
        value: 'OPERATION',
        description: 'Add an operation; repeat it to make a chain. Parameters follow as options or after a colon.',
      },
      {
        name: 'output',
        short: 'o',
        value: 'FILE',
        description: 'Where to put the result; a folder (with a slash) for several files, hls and dash.',
      },
      { name: 'overwrite', description: 'Replace files that are there.' },
      {
        name: 'set',
        value: 'PATH=VALUE',
        description: 'Set any member of the spec, for example output.video.codec=hevc.',
      },
      { name: 'job-name', value: 'NAME', description: 'Name of the job; made up by the server when absent.' },
      { name: 'label', value: 'KEY=VALUE', description: 'Put a label on the job.' },
      { name: 'idempotency-key', value: 'KEY', description: 'Sending the same key twice makes one job.' },
      { name: 'detach', short: 'd', description: 'Do not wait: print the name of the job and return.' },
    ],
    examples: [
      { line: 'framewright submit --op trim --start 1 --end 5 clip.mp4 -o out.mp4', what: 'keep the seconds 1 to 5' },
      {
        line: "framewright submit --op trim:start=1:30,end=2:00 --op 'blur:x=10,y=10,width=300,height=80' clip.mp4 -o out.mp4",
        what: 'two operations, one encode',
      },
      { line: 'framewright submit --op merge intro.mp4 clip.mp4 outro.mp4 -o all.mp4', what: 'join files' },
      {
        line: 'framewright submit --op add-audio --input music.mp3 --volume 0.3 --loop clip.mp4 -o out.mp4',
        what: 'music under the sound',
      },
      {
        line: 'framewright submit --set output.video.codec=hevc clip.mov -o clip.mp4',
        what: 'encode anew, no operation',
      },
      { line: 'framewright submit manifests/chain.yaml --detach', what: 'queue a manifest and return' },
    ],
  },
  {
    name: 'plan',
    group: 'Render',
    summary: 'Show what a job would run, where and why, without running it.',
    operands: 'FILE… | MANIFEST',
    positionals: [1, 64],
    description: 'Takes what submit takes. Local files are uploaded, since the plan depends on what is in them.',
    client: true,
    options: [
      { name: 'op', value: 'OPERATION', description: 'Add an operation, as in submit.' },
      { name: 'output', short: 'o', value: 'FILE', description: 'Its ending decides the container.' },
      { name: 'set', value: 'PATH=VALUE', description: 'Set any member of the spec.' },
    ],
    examples: [{ line: 'framewright plan --op mute clip.mp4', what: 'shows that the picture is copied' }],
  },
  {
    name: 'list',
    group: 'Render',
    summary: 'List jobs, newest first.',
    operands: '',
    positionals: [0, 0],
    client: true,
    options: [
      {
        name: 'phase',
        value: 'PHASE',
        description: 'Only jobs in this phase: Queued, Starting, Running, Succeeded, Failed, Cancelled.',
      },
      { name: 'type', value: 'TYPE', description: 'Only jobs of this type, for example trim.' },
      { name: 'text', value: 'TEXT', description: 'Only jobs whose name contains this.' },
      { name: 'limit', short: 'n', value: 'N', description: 'At most this many; 20 when absent.' },
    ],
    examples: [
      { line: 'framewright list --phase Running', what: 'what is rendering now' },
      { line: 'framewright list --json | jq -r .items[].metadata.name', what: 'names for a script' },
    ],
  },
  {
    name: 'get',
    group: 'Render',
    summary: 'Show a job: its state, why, its attempts and its files.',
    operands: 'NAME',
    positionals: [1, 1],
    client: true,
    options: [],
    examples: [{ line: 'framewright get trim-1767225600000-k3v9', what: 'the whole story of one job' }],
  },
  {
    name: 'watch',
    group: 'Render',
    summary: 'Follow a job until it ends.',
    operands: 'NAME',
    positionals: [1, 1],
    description: 'A live bar on a terminal, plain lines elsewhere, one JSON document per change with --json.',
    client: true,
    options: [],
    examples: [{ line: 'framewright watch trim-1767225600000-k3v9', what: 'exit code 1 when the job fails' }],
  },
  {
    name: 'cancel',
    group: 'Render',
    summary: 'End jobs, waiting or running.',
    operands: 'NAME…',
    positionals: [1, 100],
    client: true,
    options: [],
    examples: [{ line: 'framewright cancel trim-1767225600000-k3v9', what: 'ends FFmpeg politely' }],
  },
  {
    name: 'retry',
    group: 'Render',
    summary: 'Run a failed or cancelled job again, as a new job.',
    operands: 'NAME',
    positionals: [1, 1],
    client: true,
    options: [],
    examples: [{ line: 'framewright retry trim-1767225600000-k3v9', what: 'prints the name of the new job' }],
  },
  {
    name: 'logs',
    group: 'Render',
    summary: 'Print the log of the latest attempt of a job.',
    operands: 'NAME',
    positionals: [1, 1],
    client: true,
    options: [{ name: 'follow', short: 'f', description: 'Go on until the attempt ends.' }],
    examples: [{ line: 'framewright logs -f trim-1767225600000-k3v9', what: 'as it is written' }],
  },
  {
    name: 'standalone',
    group: 'Serve',
    summary: 'Run everything on this machine: API, queue and workers, with SQLite.',
    operands: '',
    positionals: [0, 0],
    // Its flags stand in the table of settings; the help takes them from there.
    options: [],
    examples: [
      { line: 'framewright standalone --data ./data --port 8080', what: 'the first start writes ./data/admin-key' },
    ],
  },
  {
    name: 'operator',
    group: 'Serve',
    summary: 'Run RenderJobs of a Kubernetes cluster as Jobs; of several operators one leads.',
    operands: '',
    positionals: [0, 0],
    options: [],
    examples: [
      {
        line: 'framewright operator --kubeconfig ~/.kube/config --pools pools.yaml --objects /srv/objects',
        what: 'outside of the cluster, for a look; manifests/operator/ runs it inside',
      },
    ],
  },
  {
    name: 'api',
    group: 'Serve',
    summary: 'Serve the REST API on the RenderJobs of a Kubernetes cluster; run as many as you like.',
    operands: '',
    positionals: [0, 0],
    // Its flags stand in the table of settings; the help takes them from there.
    options: [],
    examples: [
      {
        line: 'framewright api --kubeconfig ~/.kube/config --pools pools.yaml --objects /mnt/objects',
        what: 'from outside the cluster; in a pod the service account is used',
      },
    ],
  },
  {
    name: 'worker',
    group: 'Serve',
    summary: 'Run one stage of a job as the environment says; started by the server, not by people.',
    operands: '',
    positionals: [0, 0],
    options: [],
    examples: [],
  },
  {
    name: 'keys',
    group: 'Serve',
    summary: 'Make, list and revoke API keys of a data folder or of a cluster, while servers run.',
    operands: 'create | list | revoke ID…',
    positionals: [1, 100],
    options: [
      { name: 'data', value: 'DIR', description: 'The data folder of the server.' },
      {
        name: 'kubeconfig',
        value: 'FILE',
        description: 'The keys of a cluster instead; FRAMEWRIGHT_KUBECONFIG where no --data is given.',
      },
      {
        name: 'keys-namespace',
        value: 'NAME',
        description:
          'Namespace of the Secrets, where the API runs; FRAMEWRIGHT_KEYS_NAMESPACE, else that of the kubeconfig.',
      },
      { name: 'owner', value: 'NAME', description: 'create: whose key it is.' },
      { name: 'role', value: 'ROLE', description: 'create: user (the default), team-owner or admin.' },
      { name: 'namespace', value: 'NAME', description: 'create: namespace of the jobs; default when absent.' },
      {
        name: 'out',
        value: 'FILE',
        description: 'create: write the key to this file (mode 0600) instead of the terminal.',
      },
      json,
    ],
    examples: [
      { line: 'framewright keys create --owner alice --out alice.key', what: 'the key is shown or written once' },
      { line: 'framewright keys revoke 0f3c9a1b2d4e', what: 'takes effect at once' },
      {
        line: 'framewright keys create --owner alice --kubeconfig ~/.kube/config --keys-namespace framewright',
        what: 'a key for the API of a cluster',
      },
    ],
  },
  {
    name: 'probe',
    group: 'Maintain',
    summary: 'Show what FFmpeg and the GPUs of this machine can do, what keeps them from more, and what to do.',
    operands: '',
    positionals: [0, 0],
    description:
      'Proves each combination of codec, bit depth and engine with a short encode. Exit code 0: Quick Sync works, or there is ' +
      'no Intel GPU; 6: there is one and Quick Sync does not work; 1: nothing can be encoded. docs/reference/probe.md lists ' +
      'every cause and the JSON.',
    options: [
      { name: 'require-gpu', description: 'Exit with 6 without a GPU too: for scripts that set a machine up.' },
      json,
    ],
    examples: [
      { line: 'framewright probe', what: 'what works, what does not, and the commands that repair it' },
      { line: 'framewright probe --json | jq -r .findings[].cause', what: 'names of the causes, for a script' },
    ],
  },
  {
    name: 'crd',
    group: 'Maintain',
    summary: 'Print the CustomResourceDefinitions of this version for Kubernetes.',
    operands: '',
    positionals: [0, 0],
    options: [],
    examples: [{ line: 'framewright crd | kubectl apply --server-side -f -', what: 'install or update them' }],
  },
];

export function findCommand(name: string): CommandSpec | undefined {
  return commands.find((command) => command.name === name);
}

/** Every option that a command takes, the common ones included. */
export function optionsOf(command: CommandSpec): readonly OptionSpec[] {
  return [...command.options, ...(command.client ? clientOptions : []), helpOption];
}
