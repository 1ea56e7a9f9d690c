import type { Finding } from './device-causes.ts';
import type { MachineFacts, NodeFacts } from './device-facts.ts';
import { generationOf } from './gpu-generation.ts';

// From an open render node to a Quick Sync session: VA driver, then VPL runtime.

/** Why there is no VA driver or no session on a node that may be opened; and what follows from its kernel driver. */
export function driverFindings(node: NodeFacts, facts: MachineFacts): Finding[] {
  const { driver, node: path, opening } = node;
  const xe: Finding[] =
    driver === 'xe' ? [{ cause: 'xe-driver', node: path, seen: `${path} is driven by xe.`, commands: [] }] : [];
  if (opening?.vaError !== undefined) return [vaDriver(node, opening.vaError), ...xe];
  if (opening?.sessionError !== undefined) return [runtime(node, opening.sessionError, facts), ...xe];
  return xe;
}

function vaDriver({ node, opening, owner, vaDriverThere }: NodeFacts, error: string): Finding {
  if (owner?.device === false && opening?.vaDriverFile === undefined)
    return { cause: 'node-gone', node, seen: `${node} is no device file; FFmpeg said "${error}".`, commands: [] };
  if (/No VA display found/i.test(error)) {
    const seen = `${node}: FFmpeg cannot open it ("${error}"), and this process can: a sandbox or another user may be between them.`;
    return { cause: 'node-gone', node, seen, commands: [] };
  }
  const file = opening?.vaDriverFile;
  const looked =
    file === undefined ? '' : ` libva looked for ${file}, which is ${vaDriverThere === true ? 'there' : 'not there'}.`;
  // Where libva names no file it is not known to be missing.
  const missing = file !== undefined && vaDriverThere !== true;
  return {
    cause: missing ? 'va-driver-missing' : 'va-driver-fails',
    node,
    seen: `${node}: FFmpeg said "${error}".${looked}`,
    commands: [
      missing
        ? 'apt-get install intel-media-va-driver-non-free  # as root'
        : `vainfo --display drm --device ${node}  # package vainfo; shows what the driver says`,
    ],
  };
}

function runtime({ device, node }: NodeFacts, error: string, { runtimes }: MachineFacts): Finding {
  const generation = generationOf(device);
  const wanted = generation?.runtime ?? 'libmfx-gen1.2';
  const file = wanted === 'libmfx1' ? 'libmfxhw64.so' : 'libmfx-gen.so';
  const fitting = runtimes.filter((path) => path.includes(file));
  const which =
    generation === undefined
      ? ''
      : ` ${generation.name} needs ${generation.runtime ?? 'no runtime: it has no encoders'}.`;
  const have = runtimes.length === 0 ? 'No runtime lies in the usual folders.' : `Installed: ${runtimes.join(', ')}.`;
  return {
    cause: fitting.length === 0 ? 'runtime-missing' : 'runtime-refuses',
    node,
    seen: `${node}: FFmpeg said "${error}".${which} ${have}`,
    commands: [fitting.length === 0 ? `apt-get install ${wanted}  # as root` : 'vpl-inspect  # package libvpl-tools'],
  };
}
