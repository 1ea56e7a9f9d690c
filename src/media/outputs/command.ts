import { chain, type FilterPad, filter, type InputFile, type Pad, streamsBehind } from '../filters/graph.ts';
import { writeGraph } from '../filters/write-graph.ts';
import { inputArguments } from '../planning/clip.ts';

/** A stream that goes into the output as it is. */
export interface CopiedStream {
  readonly from: 'copy';
  readonly input: InputFile;
  /** Stream specifier within the file: an index, or `s` for what a text file has. */
  readonly specifier: string;
}

/** One file, or the null output, that a process writes. */
export interface CommandOutput {
  readonly streams: readonly (Pad | CopiedStream)[];
  readonly args: readonly string[];
  /** The file whose title and other tags the output keeps. */
  readonly metadataFrom?: Pick<InputFile, 'path' | 'instance'>;
  /** Opened for its tags alone, when nothing else is read from it. */
  readonly metadataInput?: InputFile;
  readonly chapters?: boolean;
  readonly path: string;
}

export const nullOutput = '-';

/**
 * The argument list of one FFmpeg process without the fixed arguments of the process contract.
 *
 * @param globals Arguments before the first input, which open devices.
 */
export function commandLine(outputs: readonly CommandOutput[], globals: readonly string[] = []): string[] {
  const inputs: InputFile[] = [];
  const decodes = new Map<number, readonly string[]>();
  const keys = new Map<string, number>();
  const indexOf = (input: InputFile): number => {
    const key = JSON.stringify([input.path, input.options, input.instance]);
    const known = keys.get(key);
    if (known !== undefined) return known;
    keys.set(key, inputs.length);
    inputs.push(input);
    return inputs.length - 1;
  };
  const sourceOf = ({ metadataFrom }: CommandOutput): number =>
    inputs.findIndex((input) => input.path === metadataFrom?.path && input.instance === metadataFrom.instance);
  for (const output of outputs) {
    for (const stream of output.streams) {
      if (stream.from === 'copy') indexOf(stream.input);
      else {
        for (const { input, decode } of streamsBehind(stream)) {
          const index = indexOf(input);
          if (decode !== undefined) decodes.set(index, decode);
        }
      }
    }
    if (output.metadataInput !== undefined && sourceOf(output) === -1) indexOf(output.metadataInput);
  }
  const sinks = outputs.flatMap(({ streams }) => streams.filter((stream) => stream.from !== 'copy').map(sinkOf));
  const { text, labels } = writeGraph(sinks, indexOf);
  const label = labels.values();
  const written = outputs.flatMap((output) => {
    const { streams, args, chapters, path } = output;
    const source = sourceOf(output);
    return [
      ...streams.flatMap((stream) => [
        '-map',
        stream.from === 'copy' ? `${indexOf(stream.input)}:${stream.specifier}` : (label.next().value ?? ''),
      ]),
      '-map_metadata',
      String(source),
      '-map_chapters',
      String(chapters === true ? source : -1),
      ...args,
      path,
    ];
  });
  return [
    ...globals,
    ...inputs.flatMap((input, index) => [...(decodes.get(index) ?? []), ...inputArguments(input)]),
    ...(text === '' ? [] : ['-filter_complex', text]),
    ...written,
  ];
}

/** Only filters have labels. */
function sinkOf(pad: Pad): FilterPad {
  if (pad.from === 'filter') return pad;
  const through = chain(pad, filter(pad.medium === 'video' ? 'null' : 'anull'));
  if (through.from !== 'filter') throw new TypeError('Expected a filter after a stream, got the stream');
  return through;
}
