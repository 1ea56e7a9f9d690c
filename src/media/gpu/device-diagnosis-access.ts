import type { Finding } from './device-causes.ts';
import type { DisplayFacts, MachineFacts, NodeFacts } from './device-facts.ts';
import { generationOf, intelVendor, vendorName } from './gpu-generation.ts';

// From the machine to an open render node: is there one, and may this process use it?

const kernelDrivers = ['i915', 'xe'];

/** What keeps the machine from having a render node at all, and what is wrong with its FFmpeg. */
export function machineFindings(facts: MachineFacts): Finding[] {
  const { displays, ffmpeg, nodes, surroundings } = facts;
  const intel = displays.filter(({ vendor }) => vendor === intelVendor);
  const unbound = intel.filter(({ driver }) => driver === undefined || !kernelDrivers.includes(driver));
  const hasNode = nodes.some(({ vendor }) => vendor === undefined || vendor === intelVendor);
  return [
    ...(hasNode && !ffmpeg.qsv ? [withoutQuickSync(facts)] : []),
    ...unbound.map(unboundFinding),
    ...(!hasNode && surroundings === 'wsl' ? [wsl] : []),
    ...(!hasNode && surroundings !== 'wsl' && unbound.length === 0 ? [absent(facts, intel)] : []),
  ];
}

function withoutQuickSync({ ffmpeg: { program, dispatcher } }: MachineFacts): Finding {
  const built = dispatcher ?? 'neither libvpl nor libmfx';
  return {
    cause: 'ffmpeg-without-quick-sync',
    seen: `${program} lists no *_qsv encoder; it was built with ${built}.`,
    commands: ['apt-get install ffmpeg  # on Debian 13 or Ubuntu 24.04'],
  };
}

function unboundFinding(display: DisplayFacts): Finding {
  const { address, driver } = display;
  return {
    cause: 'gpu-without-driver',
    seen: `${modelOf(display)} at ${address} is ${driver === undefined ? 'bound to no kernel driver' : `bound to ${driver}`}.`,
    commands: ['modprobe i915  # or xe; then: dmesg | grep -iE "i915|xe "'],
  };
}

const wsl: Finding = { cause: 'wsl', seen: '/dev/dxg is there, and no render node.', commands: [] };

function absent(facts: MachineFacts, intel: readonly DisplayFacts[]): Finding {
  const { dri, driError, kernelNodes, nodes, surroundings } = facts;
  const folder = folderText(dri, driError);
  // Nodes of the kernel that belong to the folder's own (another maker's) are no sign of an Intel GPU.
  const others = new Set(nodes.map(({ node }) => node.slice(node.lastIndexOf('/') + 1)));
  const [hidden] = kernelNodes.filter((name) => !others.has(name));
  if (hidden !== undefined || (intel.length > 0 && surroundings !== 'host')) {
    const kernel =
      hidden === undefined ? `the kernel drives ${intel.map(modelOf).join(', ')}` : `the kernel has ${hidden}`;
    const cause = surroundings === 'host' ? 'no-render-node' : 'not-passed-in';
    return { cause, seen: `${folder}; ${kernel}.`, commands: passIn(surroundings, dri, hidden) };
  }
  if (intel.length === 0)
    return { cause: 'no-gpu', seen: `${folder}; the PCI bus shows no display controller of Intel.`, commands: [] };
  return {
    cause: 'no-render-node',
    seen: `${folder}; the kernel drives ${intel.map(modelOf).join(', ')}.`,
    commands: [`ls -l ${dri}`, 'udevadm trigger --subsystem-match=drm'],
  };
}

function folderText(dri: string, error: string | undefined): string {
  if (error === undefined) return `${dri} has no render node of Intel`;
  return error === 'ENOENT' ? `there is no ${dri}` : `${dri} cannot be read (${error})`;
}

function passIn(surroundings: MachineFacts['surroundings'], dri: string, name = 'renderD128'): string[] {
  const docker = `docker run --device ${dri}/${name} …  # podman too`;
  const kubernetes = 'resources.limits: { gpu.intel.com/i915: 1 }  # in the pod; gpu.intel.com/xe for the xe driver';
  if (surroundings === 'kubernetes') return [kubernetes];
  return surroundings === 'container'
    ? [docker, kubernetes]
    : [`ls -l ${dri}`, 'udevadm trigger --subsystem-match=drm'];
}

/** Why this process cannot open a node; empty when it can, or when the node was not tried for another reason. */
export function accessFindings(node: NodeFacts, facts: MachineFacts): Finding[] {
  const { node: path, openError, vendor } = node;
  if (vendor !== undefined && vendor !== intelVendor) {
    return [
      { cause: 'not-intel', node: path, seen: `${path} is a GPU of ${vendorName(vendor)} (${vendor}).`, commands: [] },
    ];
  }
  if (openError === undefined) return [];
  if (openError === 'EACCES') return [permission(node, facts)];
  if (openError === 'EPERM') {
    const seen = `${path} cannot be opened (EPERM) although its permissions allow it.`;
    return [
      { cause: 'device-cgroup', node: path, seen, commands: passIn(facts.surroundings, facts.dri, nameOf(path)) },
    ];
  }
  return [{ cause: 'node-gone', node: path, seen: `${path} cannot be opened (${openError}).`, commands: [] }];
}

function permission({ node, owner }: NodeFacts, { surroundings, user }: MachineFacts): Finding {
  const who = `this process (${user.name === undefined ? '' : `${user.name}, `}uid ${user.uid})`;
  if (owner === undefined) {
    const seen = `${node} cannot be opened by ${who} (EACCES), nor can its owner be read.`;
    return { cause: 'no-permission', node, seen, commands: [] };
  }
  const { gid, group, mode } = owner;
  const place = `${node} belongs to group ${group === undefined ? '' : `${group} `}(${gid}), mode ${mode.toString(8).padStart(4, '0')}`;
  const pods = `securityContext: { supplementalGroups: [${gid}] }  # in the pod`;
  if ((mode & 0o060) !== 0o060 || gid === 0) {
    const seen = `${place}: no group that a user should be in may use it; ${who} may not.`;
    return {
      cause: 'no-permission',
      node,
      seen,
      commands: [
        `chgrp render ${node} && chmod 660 ${node}  # on the host, as root; udev does so at the start where systemd is complete`,
      ],
    };
  }
  if (user.listedIn.includes(gid) && !user.groups.includes(gid)) {
    const seen = `${place}; ${who} was put into it after it logged in.`;
    return {
      cause: 'no-permission',
      node,
      seen,
      commands: [`newgrp ${group ?? gid}  # or log in again, or restart the service`],
    };
  }
  const seen = `${place}; ${who} is not in it.`;
  const host = `usermod -aG ${group ?? 'render'} ${user.name ?? '"$USER"'}  # on the host, as root; then log in again`;
  const container = `docker run --device ${node} --group-add ${gid} …  # podman too`;
  const order = { host: [host, container, pods], wsl: [host], container: [container, pods], kubernetes: [pods] };
  return { cause: 'no-permission', node, seen, commands: order[surroundings] };
}

function modelOf({ device, vendor }: Pick<DisplayFacts, 'device' | 'vendor'>): string {
  const generation = generationOf(device)?.name;
  return `${vendorName(vendor)} ${device}${generation === undefined ? '' : `, ${generation}`}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
