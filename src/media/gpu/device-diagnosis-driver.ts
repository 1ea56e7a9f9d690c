import { type Finding, finding } from './device-causes.ts';
import type { MachineFacts, NodeFacts } from './device-facts.ts';
import { generationOf } from './gpu-generation.ts';

// From an open render node to a Quick Sync session: VA driver, then VPL runtime.

/** Why a node that may be opened has no VA driver or no session, and what its kernel driver implies. */
export function driverFindings(facts: NodeFacts, { runtimes }: Pick<MachineFacts, 'runtimes'>): Finding[] {
  const { driver, node, opening } = facts;
  const xe = driver === 'xe' ? [finding('xe-driver', { node, seen: `${node} is driven by xe.` })] : [];
  if (opening?.vaError !== undefined) return [vaDriver(facts, opening.vaError), ...xe];
  if (opening?.sessionError !== undefined) return [runtime(facts, opening.sessionError, runtimes), ...xe];
  return xe;
}

function vaDriver({ node, opening, owner, vaDriverExists }: NodeFacts, error: string): Finding {
  const file = opening?.vaDriverFile;
  const reported = `${node}: FFmpeg reported "${error}"`;
  if (owner?.device === false && file === undefined)
    return finding('node-without-device', { node, seen: `${reported}; the node is not a device file.` });
  if (/No VA display found/i.test(error)) {
    const seen = `${reported}, but this process can open the node: a sandbox or another user may be the reason.`;
    return finding('node-without-device', { node, seen });
  }
  // Where libva names no file, the driver is not known to be missing.
  if (file !== undefined && vaDriverExists !== true) {
    return finding('va-driver-missing', {
      node,
      seen: `${reported}. libva looked for ${file}, which does not exist.`,
      commands: ['apt-get install intel-media-va-driver-non-free  # as root'],
    });
  }
  return finding('va-driver-fails', {
    node,
    seen: `${reported}.${file === undefined ? '' : ` libva looked for ${file}, which exists.`}`,
    commands: [`vainfo --display drm --device ${node}  # package vainfo; shows the messages of the driver`],
  });
}

function runtime({ device, node }: NodeFacts, error: string, runtimes: MachineFacts['runtimes']): Finding {
  const generation = generationOf(device);
  const needed = generation?.runtime ?? 'libmfx-gen1.2';
  const file = needed === 'libmfx1' ? 'libmfxhw64.so' : 'libmfx-gen.so';
  const needs =
    generation === undefined
      ? ''
      : ` ${generation.name} needs ${generation.runtime ?? 'no runtime: it has no encoders'}.`;
  const installed =
    runtimes.length === 0 ? 'The usual folders contain no runtime.' : `Installed: ${runtimes.join(', ')}.`;
  const seen = `${node}: FFmpeg reported "${error}".${needs} ${installed}`;
  return runtimes.some((path) => path.includes(file))
    ? finding('runtime-rejects', { node, seen, commands: ['vpl-inspect  # package libvpl-tools'] })
    : finding('runtime-missing', { node, seen, commands: [`apt-get install ${needed}  # as root`] });
}
