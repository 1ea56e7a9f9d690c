import { constants } from 'node:fs';
import { access, open, readdir, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FallbackReason } from '../../../model/status/result.ts';
import type { NodeOwner } from '../device-facts.ts';
import { intelVendor, vendorName } from '../gpu-generation.ts';
import { groupNames } from './user-groups.ts';

/** Longer than any attribute that is read here, in bytes. */
const longestAttribute = 64;

/** Where the kernel lists its GPUs; tests use other folders. */
export interface DeviceFolders {
  readonly dri: string;
  /** One folder per device, with a link `device` to its entry on the bus. */
  readonly drmClass: string;
}

export const systemFolders: DeviceFolders = { dri: '/dev/dri', drmClass: '/sys/class/drm' };

export interface RenderNode {
  /** For example /dev/dri/renderD128. */
  readonly node: string;
  /** PCI vendor and device, for example 0x8086 and 0x56c0; absent where the kernel does not report them. */
  readonly vendor?: string;
  readonly device?: string;
  /** Kernel driver: i915 or xe. */
  readonly driver?: string;
  readonly owner?: NodeOwner;
  /** Name of the error with which this process may not use it, for example EACCES. */
  readonly accessError?: string;
  /** Why it cannot be used; absent when it can. */
  readonly problem?: FallbackReason;
}

/** All render nodes in the order of their numbers, and for those that cannot be used the reason. Opens none of them. */
export async function listRenderNodes({ dri, drmClass }: DeviceFolders = systemFolders): Promise<RenderNode[]> {
  const names = await readdir(dri).catch(() => []);
  return Promise.all(
    renderNodeNames(names).map((name) => describeNode(join(dri, name), join(drmClass, name, 'device'))),
  );
}

/** Names of render nodes among those of a folder, in the order of their numbers. */
export function renderNodeNames(names: readonly string[]): string[] {
  return names.filter((name) => /^renderD\d{1,6}$/.test(name)).toSorted((a, b) => numberOf(a) - numberOf(b));
}

/** Why no render node can be used at all. */
export function noDeviceReason(nodes: readonly RenderNode[], { dri }: DeviceFolders = systemFolders): FallbackReason {
  if (nodes.length === 0) {
    const message = `no render node in ${dri}: there is no GPU, its driver is not loaded, or it is not passed into the container`;
    return { cause: 'no-device', message };
  }
  const causes = nodes.flatMap(({ problem }) => (problem === undefined ? [] : [problem.cause]));
  return {
    // An Intel GPU that cannot be used is the reason, whatever other GPUs there are.
    cause: causes.find((cause) => cause !== 'not-intel') ?? causes[0] ?? 'no-device',
    message: nodes.map(({ node, problem }) => `${node}: ${problem?.message ?? 'usable'}`).join('; '),
  };
}

async function describeNode(node: string, sysfs: string): Promise<RenderNode> {
  const vendor = await attribute(join(sysfs, 'vendor'));
  const device = await attribute(join(sysfs, 'device'));
  const driver = await driverBehind(join(sysfs, 'driver'));
  const owner = await ownerOf(node);
  const accessError = await access(node, constants.R_OK | constants.W_OK).then(() => undefined, errorName);
  const problem = problemOf(vendor, owner, accessError);
  return {
    node,
    ...(vendor !== undefined && { vendor }),
    ...(device !== undefined && { device }),
    ...(driver !== undefined && { driver }),
    ...(owner !== undefined && { owner }),
    ...(accessError !== undefined && { accessError }),
    ...(problem !== undefined && { problem }),
  };
}

function problemOf(
  vendor: string | undefined,
  owner: NodeOwner | undefined,
  accessError: string | undefined,
): FallbackReason | undefined {
  if (vendor !== undefined && vendor !== intelVendor)
    return { cause: 'not-intel', message: `not an Intel GPU (vendor ${vendor}): ${vendorName(vendor)}` };
  if (accessError === undefined) return undefined;
  if (accessError !== 'EACCES' || owner === undefined)
    return { cause: 'no-permission', message: `it cannot be used (${accessError})` };
  const group = owner.group === undefined ? String(owner.gid) : `${owner.group} (${owner.gid})`;
  return { cause: 'no-permission', message: `no permission to read and write it: it belongs to group ${group}` };
}

async function ownerOf(node: string): Promise<NodeOwner | undefined> {
  const facts = await stat(node).catch(() => undefined);
  if (facts === undefined) return undefined;
  const { uid, gid } = facts;
  const group = (await groupNames()).get(gid);
  return {
    uid,
    gid,
    mode: facts.mode & 0o777,
    device: facts.isCharacterDevice(),
    ...(group !== undefined && { group }),
  };
}

/** The name of the error with which a node cannot be opened; `undefined` when it can. */
export async function openErrorOf(node: string): Promise<string | undefined> {
  try {
    const file = await open(node, constants.O_RDWR | constants.O_NONBLOCK);
    await file.close();
    return undefined;
  } catch (error) {
    return errorName(error);
  }
}

/** `EACCES` for an error of the system. */
export function errorName(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error';
}

/** A number in sysfs, for example 0x8086; `undefined` where there is none, or other content. */
export async function attribute(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestAttribute), 0, longestAttribute, 0);
    return /^0x[0-9a-f]{1,8}$/i.exec(buffer.toString('latin1', 0, bytesRead).trim())?.[0].toLowerCase();
  } catch {
    return undefined;
  }
}

/** The name of the kernel driver behind a link of sysfs. */
export async function driverBehind(link: string): Promise<string | undefined> {
  const name = await readlink(link).then(basename, () => '');
  return /^[\w.-]{1,64}$/.test(name) ? name : undefined;
}

function numberOf(name: string): number {
  return Number(name.replace(/\D+/g, ''));
}
