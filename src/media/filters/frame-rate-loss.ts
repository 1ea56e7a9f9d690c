import type { Pad } from './graph.ts';

/**
 * Whether FFmpeg has lost the frame rate of a video: from release 7 on, setpts drops it, and an encoder uses the time base
 * instead. The filter fps sets a constant rate again; nothing sets a variable one.
 */
export function losesFrameRate(pad: Pad, [major]: readonly [major: number, minor: number]): boolean {
  if (major < 7 || pad.from === 'stream') return false;
  const last = pad.filters.map(({ name }) => name).findLast((name) => name === 'setpts' || name === 'fps');
  if (last !== undefined) return last === 'setpts';
  const [main] = pad.inputs;
  return main !== undefined && losesFrameRate(main, [major, 0]);
}
