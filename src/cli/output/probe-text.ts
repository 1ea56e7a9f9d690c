import { columns, wrap } from '../args/help.ts';
import type { ProbeNode, ProbeReport } from './probe-report.ts';
import { paint, type Terminal } from './terminal.ts';

type View = Pick<Terminal, 'color'> & { readonly width: number };

/** A report for people: what works, then the GPUs, then what does not work and how to repair it. */
export function probeText(report: ProbeReport, terminal: Pick<Terminal, 'color' | 'columns'>): string {
  // Longer lines are hard to read, shorter ones have no room for a command.
  const view = { color: terminal.color, width: Math.max(40, Math.min(terminal.columns(), 100)) };
  const sections = [
    verdictText(report, view),
    columns(
      [
        ['FFmpeg', `${report.ffmpeg.version} (${report.ffmpeg.program})`],
        ['processors', String(report.processors)],
      ],
      view.width,
    ),
    section('Encoder backends, best first:', backendText(report, view), view),
    ...(report.nodes.length === 0
      ? []
      : [section('Render nodes:', report.nodes.map((node) => nodeText(node, view)).join('\n'), view)]),
    ...findingSections(report, view),
    section(
      'Codecs on the CPU:',
      columns(
        report.software.map(({ codec, encoders }) => [codec, encoders.length > 0 ? encoders.join(', ') : 'no']),
        view.width,
      ),
      view,
    ),
    ...gapSections(report, view),
  ];
  return `${sections.join('\n\n')}\n`;
}

function section(title: string, body: string, view: View): string {
  return `${paint(view, 'bold', title)}\n${body}`;
}

const verdicts = {
  'quick-sync': ['green', 'Quick Sync works on this machine.'],
  vaapi: ['yellow', 'Quick Sync does not work on this machine; VA-API does.'],
  software: ['yellow', 'Encoding works on the CPU only.'],
  nothing: ['red', 'Nothing can be encoded on this machine.'],
} as const;

function verdictText({ verdict, intelGpu }: ProbeReport, view: View): string {
  const [style, text] = verdicts[verdict];
  const more =
    verdict === 'software'
      ? intelGpu
        ? ' There is an Intel GPU, but it cannot be used.'
        : ' There is no Intel GPU.'
      : '';
  return paint(view, style, wrap(`${text}${more}`, view.width));
}

function backendText({ backends }: ProbeReport, view: View): string {
  const rows: [string, string][] = [];
  for (const { backend, usable, reason } of backends) {
    const text = usable ? 'yes' : `no: ${reason ?? 'nothing can be encoded with it'}`;
    const last = rows.at(-1);
    // One reason for several backends is printed once.
    if (!usable && last?.[1] === text) last[0] = `${last[0]}, ${backend}`;
    else rows.push([backend, text]);
  }
  // Coloured after the lines are broken: colours have no width.
  return columns(rows, view.width).replaceAll(
    /^( {2}\S.*? {2,})(yes$|no(?=:))/gm,
    (_line, head: string, word: string) => {
      return `${head}${paint(view, word === 'yes' ? 'green' : 'yellow', word)}`;
    },
  );
}

function nodeText(node: ProbeNode, view: View): string {
  const { maker, generation, device, driver, resource, group, gid, mode, vaDriver, sessionApi } = node;
  const model = [maker, generation, device].filter((part) => part !== null).join(' ');
  const rows = [
    ['GPU', model === '' ? 'unknown: the kernel does not report it' : model],
    ...(driver === null ? [] : [['driver', `${driver}${resource === null ? '' : `, in Kubernetes ${resource}`}`]]),
    ...(gid === null ? [] : [['group', `${group === null ? gid : `${group} (${gid})`}, mode ${mode ?? 'unknown'}`]]),
    ...(vaDriver === null ? [] : [['VA driver', vaDriver]]),
    ...(sessionApi === null ? [] : [['VPL', `API ${sessionApi}`]]),
    ...encodeRows(node),
  ].map(([head = '', text = '']) => [head, text] as const);
  return `  ${node.node}\n${indent(columns(rows, view.width - 2), 2)}`;
}

const engines = { true: 'low power', false: 'full' } as const;

/** One row per codec: `h264 8 bit (low power, full)`. Only combinations whose trial encode succeeded. */
function encodeRows({ encodes }: ProbeNode): string[][] {
  return (
    [
      ['qsv-encode', 'Quick Sync'],
      ['vaapi', 'VA-API'],
    ] as const
  ).flatMap(([backend, name]) => {
    const mine = encodes.filter((encode) => encode.backend === backend);
    const codecs = [...new Set(mine.map(({ codec }) => codec))];
    return codecs.map((codec, index) => {
      const depths = ([8, 10] as const).flatMap((depth) => {
        const fitting = mine.filter((encode) => encode.codec === codec && encode.bitDepth === depth);
        const engine = fitting.map(({ lowPower }) => engines[`${lowPower}`]).join(', ');
        return fitting.length === 0 ? [] : [`${depth} bit (${engine})`];
      });
      return [index === 0 ? name : '', `${codec.padEnd(4)}  ${depths.join(', ')}`];
    });
  });
}

const titles = {
  blocks: ['red', 'What prevents the use of a GPU:'],
  limits: ['yellow', 'What is missing on a GPU:'],
  note: ['cyan', 'Notes:'],
} as const;

function findingSections({ findings }: ProbeReport, view: View): string[] {
  return (['blocks', 'limits', 'note'] as const).flatMap((weight) => {
    const mine = findings.filter((finding) => finding.weight === weight);
    const [style, title] = titles[weight];
    const texts = mine.map(({ title: name, seen, remedy, commands }) => {
      const body = [seen, remedy].map((text) => indent(wrap(text, view.width - 4), 4));
      // Not wrapped, so that they can be copied.
      const lines = commands.map((command) => `      ${paint(view, 'bold', command)}`);
      return [`  ${paint(view, style, name)}`, ...body, ...lines].join('\n');
    });
    return mine.length === 0 ? [] : [section(title, texts.join('\n'), view)];
  });
}

function gapSections({ missing }: ProbeReport, view: View): string[] {
  const [first] = missing;
  if (first === undefined) return [];
  const rows = missing.map(({ what, missing: lack }) => [what, lack] as const);
  return [
    section(
      'Missing in FFmpeg:',
      `${columns(rows, view.width)}\n${indent(wrap(`remedy: ${first.remedy}`, view.width - 2), 2)}`,
      view,
    ),
  ];
}

function indent(text: string, by: number): string {
  return text.replaceAll(/^/gm, ' '.repeat(by));
}
