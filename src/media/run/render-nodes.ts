import { constants } from 'node:fs';
import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Where the kernel shows its GPUs; other folders stand in for them in tests. */
export interface DeviceFolders {
  readonly dri: string;
  /** One folder per device, with a link `device` to its place on the bus. */
  readonly drmClass: string;
}

export const systemFolders: DeviceFolders = { dri: '/dev/dri', drmClass: '/sys/class/drm' };

export interface RenderNode {
  /** For example /dev/dri/renderD128. */
  readonly node: string;
  /** PCI vendor and device, for example 0x8086 and 0x56c0; absent where the kernel does not say. */
  readonly vendor?: string;
  readonly device?: string;
  /** Kernel driver: i915 or xe. */
  readonly driver?: string;
  /** Why it cannot be used; absent when it can. */
  readonly problem?: string;
}

const intel = '0x8086';

/** All render nodes in the order of their numbers, and for those that cannot be used the cause and its cure. */
export async function listRenderNodes({ dri, drmClass }: DeviceFolders = systemFolders): Promise<RenderNode[]> {
  const names = await readdir(dri).catch(() => []);
  const nodes = names.filter((name) => /^renderD\d+$/.test(name)).toSorted((a, b) => numberOf(a) - numberOf(b));
  return Promise.all(nodes.map((name) => describeNode(join(dri, name), join(drmClass, name, 'device'))));
}

/** Why there is no usable render node at all, in one sentence with a remedy. */
export function noDeviceReason(nodes: readonly RenderNode[], { dri }: DeviceFolders = systemFolders): string {
  if (nodes.length === 0)
    return `no render node in ${dri}: there is no GPU, its driver is not loaded, or it is not passed in`;
  return nodes.map(({ node, problem }) => `${node}: ${problem ?? 'usable'}`).join('; ');
}

async function describeNode(node: string, sysfs: string): Promise<RenderNode> {
  const vendor = await attribute(join(sysfs, 'vendor'));
  const device = await attribute(join(sysfs, 'device'));
  const driver = await readlink(join(sysfs, 'driver')).then(basename, () => undefined);
  const problem = await problemOf(node, vendor);
  return {
    node,
    ...(vendor !== undefined && { vendor }),
    ...(device !== undefined && { device }),
    ...(driver !== undefined && { driver }),
    ...(problem !== undefined && { problem }),
  };
}

async function problemOf(node: string, vendor: string | undefined): Promise<string | undefined> {
  if (vendor !== undefined && vendor !== intel) return `not an Intel GPU (vendor ${vendor})`;
  const usable = await access(node, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return usable ? undefined : 'no permission to read and write it: add the user to its group, usually render';
}

function attribute(path: string): Promise<string | undefined> {
  return readFile(path, 'latin1').then(
    (text) => text.trim(),
    () => undefined,
  );
}

function numberOf(name: string): number {
  return Number(name.replace(/\D+/g, ''));
}
