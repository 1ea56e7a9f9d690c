import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathExists } from '../../ffmpeg/run/path-exists.ts';
import type { DisplayFacts, MachineFacts } from '../device-facts.ts';
import { type Detection, type DetectOptions, detectMachine } from './detect-capabilities.ts';
import {
  attribute,
  type DeviceFolders,
  driverBehind,
  errorName,
  renderNodeNames,
  systemFolders,
} from './render-nodes.ts';
import { currentUser } from './user-groups.ts';

export interface Observation {
  readonly detection: Detection;
  readonly facts: MachineFacts;
}

/**
 * All facts of the machine that the diagnosis needs, read without changing anything. The PCI bus is read in the same sysfs
 * as the folders of render nodes, /dev/dxg in the same /dev.
 *
 * @param environment That of the process, by which containers are recognised.
 */
export async function observeMachine(
  options: DetectOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Observation> {
  const detection = await detectMachine(options);
  const { dri, drmClass } = options.folders ?? systemFolders;
  const driError = await readdir(dri).then(() => undefined, errorName);
  const { encoders } = detection.capabilities;
  const dispatcher = /--enable-(libvpl|libmfx)\b/.exec(detection.banner)?.[1];
  const facts: MachineFacts = {
    dri,
    ...(driError !== undefined && { driError }),
    nodes: detection.nodes,
    kernelNodes: renderNodeNames(await readdir(drmClass).catch(() => [])),
    displays: await displaysOf(drmClass),
    surroundings: await surroundingsOf(dri, environment),
    user: await currentUser(),
    runtimes: await runtimesOf(options.tools.env),
    ffmpeg: {
      program: options.tools.ffmpeg,
      qsv: [...encoders].some((name) => name.endsWith('_qsv')),
      vaapi: [...encoders].some((name) => name.endsWith('_vaapi')),
      ...((dispatcher === 'libvpl' || dispatcher === 'libmfx') && { dispatcher }),
    },
  };
  return { detection, facts };
}

/** Display controllers (PCI class 03) of the sysfs that `drmClass` is part of. */
async function displaysOf(drmClass: DeviceFolders['drmClass']): Promise<DisplayFacts[]> {
  const bus = join(dirname(dirname(drmClass)), 'bus', 'pci', 'devices');
  const addresses = (await readdir(bus).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1));
  const found = await Promise.all(
    addresses.map(async (address): Promise<DisplayFacts[]> => {
      const folder = join(bus, address);
      const kind = await attribute(join(folder, 'class'));
      if (kind === undefined || !kind.startsWith('0x03')) return [];
      const vendor = (await attribute(join(folder, 'vendor'))) ?? 'unknown';
      const device = (await attribute(join(folder, 'device'))) ?? 'unknown';
      const driver = await driverBehind(join(folder, 'driver'));
      return [{ address, vendor, device, ...(driver !== undefined && { driver }) }];
    }),
  );
  return found.flat();
}

async function surroundingsOf(
  dri: DeviceFolders['dri'],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<MachineFacts['surroundings']> {
  const dev = dirname(dri);
  if (environment['KUBERNETES_SERVICE_HOST'] !== undefined) return 'kubernetes';
  if (await pathExists(join(dev, 'dxg'))) return 'wsl';
  const marks = await Promise.all(['/.dockerenv', '/run/.containerenv'].map(pathExists));
  const groups = await readFile('/proc/1/cgroup', 'latin1').catch(() => '');
  const inContainer =
    marks.includes(true) ||
    environment['container'] !== undefined ||
    /docker|kubepods|containerd|libpod|lxc/.test(groups);
  return inContainer ? 'container' : 'host';
}

/** Where distributions and Intel's own packages install runtimes, beside the folders that variables name. */
const libraryFolders = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib/x86_64-linux-gnu',
  '/usr/local/lib64',
  '/usr/local/lib',
  '/opt/intel/mediasdk/lib64',
];

async function runtimesOf(env: Readonly<Record<string, string>>): Promise<string[]> {
  const named = ['ONEVPL_PRIORITY_PATH', 'LD_LIBRARY_PATH', 'ONEVPL_SEARCH_PATH'].flatMap((variable) =>
    (env[variable] ?? '').split(':').filter((folder) => folder.startsWith('/')),
  );
  const found = await Promise.all(
    [...new Set([...named, ...libraryFolders])].map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names
        .filter((name) => /^(libmfx-gen|libmfxhw64)\.so(\.\d+)*$/.test(name))
        .map((name) => join(folder, name));
    }),
  );
  return found.flat().toSorted((a, b) => (a < b ? -1 : 1));
}
