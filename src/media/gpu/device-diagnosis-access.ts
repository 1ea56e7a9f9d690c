import { type Finding, finding } from './device-causes.ts';
import type { DisplayFacts, MachineFacts, NodeFacts, NodeOwner } from './device-facts.ts';
import { generationOf, intelVendor, vendorName } from './gpu-generation.ts';

// From the machine to an open render node: does one exist, and may this process use it?

const kernelDrivers = ['i915', 'xe'];

/** What prevents the machine from having a render node at all, and what its FFmpeg lacks. */
export function machineFindings(facts: MachineFacts): Finding[] {
  const { displays, ffmpeg, nodes, surroundings } = facts;
  const intel = displays.filter(({ vendor }) => vendor === intelVendor);
  const unbound = intel.filter(({ driver }) => driver === undefined || !kernelDrivers.includes(driver));
  const hasNode = nodes.some(({ vendor }) => vendor === undefined || vendor === intelVendor);
  const found = hasNode && !ffmpeg.qsv ? [withoutQuickSync(facts)] : [];
  found.push(...unbound.map(unboundFinding));
  if (hasNode) return found;
  if (surroundings === 'wsl') found.push(finding('wsl', { seen: '/dev/dxg exists, and no render node.' }));
  else if (unbound.length === 0) found.push(absent(facts, intel));
  return found;
}

function withoutQuickSync({ ffmpeg: { program, dispatcher } }: MachineFacts): Finding {
  const built = dispatcher ?? 'neither libvpl nor libmfx';
  return finding('ffmpeg-without-quick-sync', {
    seen: `${program} lists no *_qsv encoder; it was built with ${built}.`,
    commands: ['apt-get install ffmpeg  # on Debian 13 or Ubuntu 24.04'],
  });
}

function unboundFinding(display: DisplayFacts): Finding {
  const { address, driver } = display;
  const bound = driver === undefined ? 'bound to no kernel driver' : `bound to ${driver}`;
  return finding('gpu-without-driver', {
    seen: `${modelOf(display)} at ${address} is ${bound}.`,
    commands: ['modprobe i915  # or xe; then: dmesg | grep -iE "i915|xe "'],
  });
}

function absent(facts: MachineFacts, intel: readonly DisplayFacts[]): Finding {
  const { dri, driError, kernelNodes, nodes, surroundings } = facts;
  const folder = folderText(dri, driError);
  const drives = `the kernel drives ${intel.map(modelOf).join(', ')}`;
  // Nodes of the kernel that are in the folder are those of another vendor: no sign of an Intel GPU.
  const others = new Set(nodes.map(({ node }) => nameOf(node)));
  const [hidden] = kernelNodes.filter((name) => !others.has(name));
  if (hidden !== undefined || (intel.length > 0 && surroundings !== 'host')) {
    return finding(surroundings === 'host' ? 'no-render-node' : 'not-passed-in', {
      seen: `${folder}; ${hidden === undefined ? drives : `the kernel has ${hidden}`}.`,
      commands: passIn(surroundings, dri, hidden),
    });
  }
  return intel.length === 0
    ? finding('no-gpu', { seen: `${folder}; the PCI bus has no display controller of Intel.` })
    : finding('no-render-node', { seen: `${folder}; ${drives}.`, commands: passIn('host', dri) });
}

function folderText(dri: string, error: string | undefined): string {
  if (error === undefined) return `${dri} has no render node of Intel`;
  return error === 'ENOENT' ? `${dri} does not exist` : `${dri} cannot be read (${error})`;
}

/** How a container gets the render node; on a host, how it is created. */
function passIn(surroundings: MachineFacts['surroundings'], dri: string, name = 'renderD128'): string[] {
  const docker = `docker run --device ${dri}/${name} …  # podman too`;
  const kubernetes = 'resources.limits: { gpu.intel.com/i915: 1 }  # in the pod; gpu.intel.com/xe for the xe driver';
  if (surroundings === 'kubernetes') return [kubernetes];
  return surroundings === 'container'
    ? [docker, kubernetes]
    : [`ls -l ${dri}`, 'udevadm trigger --subsystem-match=drm'];
}

/** Why this process cannot open a node; empty when it can, or when the node was not tried for another reason. */
export function accessFindings({ node, openError, owner, vendor }: NodeFacts, facts: MachineFacts): Finding[] {
  if (vendor !== undefined && vendor !== intelVendor)
    return [finding('not-intel', { node, seen: `${node} is a GPU of ${vendorName(vendor)} (${vendor}).` })];
  switch (openError) {
    case undefined:
      return [];
    case 'EACCES':
      return [finding('no-permission', { node, ...permission(node, owner, facts) })];
    case 'EPERM': {
      const seen = `${node} cannot be opened (EPERM) although its permissions allow it.`;
      const commands = passIn(facts.surroundings, facts.dri, nameOf(node));
      return [finding('device-cgroup', { node, seen, commands })];
    }
    default:
      return [finding('node-without-device', { node, seen: `${node} cannot be opened (${openError}).` })];
  }
}

/** Who owns the node, why that excludes this process, and the commands that change it. */
function permission(
  node: string,
  owner: NodeOwner | undefined,
  { surroundings, user }: MachineFacts,
): Pick<Finding, 'seen' | 'commands'> {
  const who = `this process (${user.name === undefined ? '' : `${user.name}, `}uid ${user.uid})`;
  if (owner === undefined)
    return { seen: `${node} cannot be opened by ${who} (EACCES), and its owner cannot be read.`, commands: [] };
  const { gid, group, mode } = owner;
  const name = group === undefined ? `(${gid})` : `${group} (${gid})`;
  const belongs = `${node} belongs to group ${name}, mode ${mode.toString(8).padStart(4, '0')}`;
  if ((mode & 0o060) !== 0o060 || gid === 0) {
    const where = 'on the host, as root; udev does so at boot where systemd is complete';
    return {
      seen: `${belongs}: no group for ordinary users may use it; ${who} may not.`,
      commands: [`chgrp render ${node} && chmod 660 ${node}  # ${where}`],
    };
  }
  if (user.listedIn.includes(gid) && !user.groups.includes(gid)) {
    return {
      seen: `${belongs}; ${who} was added to it after it logged in.`,
      commands: [`newgrp ${group ?? gid}  # or log in again, or restart the service`],
    };
  }
  const host = `usermod -aG ${group ?? 'render'} ${user.name ?? '"$USER"'}  # on the host, as root; then log in again`;
  const container = `docker run --device ${node} --group-add ${gid} …  # podman too`;
  const pods = `securityContext: { supplementalGroups: [${gid}] }  # in the pod`;
  const order = { host: [host, container, pods], wsl: [host], container: [container, pods], kubernetes: [pods] };
  return { seen: `${belongs}; ${who} is not in it.`, commands: order[surroundings] };
}

function modelOf({ device, vendor }: Pick<DisplayFacts, 'device' | 'vendor'>): string {
  const generation = generationOf(device)?.name;
  return `${vendorName(vendor)} ${device}${generation === undefined ? '' : `, ${generation}`}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
