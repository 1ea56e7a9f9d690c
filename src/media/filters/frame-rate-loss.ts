import type { Pad } from './graph.ts';

/**
 * Whether FFmpeg no longer knows the frame rate of a picture: from release 7 on, setpts forgets it, and an encoder takes
 * the time base for it. Constant rates are told again by fps; for variable ones there is no word.
 */
export function losesFrameRate(pad: Pad, [major]: readonly [major: number, minor: number]): boolean {
  if (major < 7 || pad.from === 'stream') return false;
  const last = pad.filters.map(({ name }) => name).findLast((name) => name === 'setpts' || name === 'fps');
  if (last !== undefined) return last === 'setpts';
  const [main] = pad.inputs;
  return main !== undefined && losesFrameRate(main, [major, 0]);
}
