import { chain, type FilterPad, filter, type InputFile, type Pad, streamsBehind } from '../filters/graph.ts';
import { writeGraph } from '../filters/write-graph.ts';
import { inputArguments } from '../planning/clip.ts';

/** A stream that is copied into the output. */
export interface CopiedStream {
  readonly from: 'copy';
  readonly input: InputFile;
  /** Stream specifier within the file: an index, or `s` for the subtitles of a text file. */
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

/** FFmpeg's number for no input: `-map_metadata -1` keeps no tags, `-map_chapters -1` no chapters. */
const noInput = -1;

/**
 * The argument list of one FFmpeg process without the fixed arguments of the process contract.
 *
 * @param globals Arguments before the first input, which open devices.
 */
export function commandLine(outputs: readonly CommandOutput[], globals: readonly string[] = []): string[] {
  const inputs = numberInputs(outputs);
  const sinks = outputs.flatMap(({ streams }) => streams.filter((stream) => stream.from !== 'copy').map(sinkOf));
  const { text, labels } = writeGraph(sinks, (input) => inputNumber(inputs, input));
  const label = labels.values();
  const nextLabel = (): string => label.next().value ?? '';
  return [
    ...globals,
    ...inputs.flatMap(({ input, decode }) => [...decode, ...inputArguments(input)]),
    ...(text === '' ? [] : ['-filter_complex', text]),
    ...outputs.flatMap((output) => outputArguments(output, inputs, nextLabel)),
  ];
}

/** An input of the process; its number is its index. */
interface NumberedInput {
  readonly key: string;
  readonly input: InputFile;
  /** Options of the decoder, which come before the input. */
  readonly decode: readonly string[];
}

/** All inputs that the outputs read, each once, in the order of their first use. */
function numberInputs(outputs: readonly CommandOutput[]): NumberedInput[] {
  const inputs = new Map<string, NumberedInput>();
  const add = (input: InputFile, decode?: readonly string[]): void => {
    const key = inputKey(input);
    const known = inputs.get(key)?.decode ?? [];
    inputs.set(key, { key, input, decode: decode ?? known });
  };
  for (const output of outputs) {
    for (const stream of output.streams) {
      if (stream.from === 'copy') add(stream.input);
      else for (const { input, decode } of streamsBehind(stream)) add(input, decode);
    }
    if (output.metadataInput !== undefined && metadataNumber([...inputs.values()], output) === noInput)
      add(output.metadataInput);
  }
  return [...inputs.values()];
}

function inputKey({ path, options, instance }: InputFile): string {
  return JSON.stringify([path, options, instance]);
}

function inputNumber(inputs: readonly NumberedInput[], input: InputFile): number {
  const key = inputKey(input);
  const number = inputs.findIndex((candidate) => candidate.key === key);
  if (number === -1) throw new TypeError(`Expected ${input.path} among the numbered inputs`);
  return number;
}

/** The number of the input whose tags an output keeps; `noInput` where it keeps none. */
function metadataNumber(inputs: readonly NumberedInput[], { metadataFrom }: CommandOutput): number {
  const number = inputs.findIndex(
    ({ input }) => input.path === metadataFrom?.path && input.instance === metadataFrom.instance,
  );
  return number === -1 ? noInput : number;
}

function outputArguments(
  output: CommandOutput,
  inputs: readonly NumberedInput[],
  nextLabel: () => string,
): readonly string[] {
  const { streams, args, chapters, path } = output;
  const source = metadataNumber(inputs, output);
  const maps = streams.flatMap((stream) => [
    '-map',
    stream.from === 'copy' ? `${inputNumber(inputs, stream.input)}:${stream.specifier}` : nextLabel(),
  ]);
  const chaptersFrom = chapters === true ? source : noInput;
  return [...maps, '-map_metadata', String(source), '-map_chapters', String(chaptersFrom), ...args, path];
}

/** Only filters have labels. */
function sinkOf(pad: Pad): FilterPad {
  if (pad.from === 'filter') return pad;
  const through = chain(pad, filter(pad.medium === 'video' ? 'null' : 'anull'));
  if (through.from !== 'filter') throw new TypeError('Expected a filter after a stream, got the stream');
  return through;
}
