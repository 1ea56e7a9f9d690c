import { describe, expect, it } from 'vitest';
import { deviceCauses } from '../../../src/media/gpu/device-causes.ts';
import { diagnose } from '../../../src/media/gpu/device-diagnosis.ts';
import type { MachineFacts, NodeFacts } from '../../../src/media/gpu/device-facts.ts';
import { machineFacts, nodeFacts, trials } from '../../support/machine-facts.ts';

/** Names of causes in the order of the findings. */
const causes = (facts: MachineFacts): string[] => diagnose(facts).map(({ cause }) => cause);

/** A node that was not opened, or on which only what `change` contains was tried. */
const closed = (change: Partial<NodeFacts>): NodeFacts => {
  const { opening: _opening, trials: _trials, ...node } = nodeFacts();
  return { ...node, ...change };
};

const icelake = { device: '0x8a52' };
const tigerlake = { device: '0x9a49' };

describe('a machine', () => {
  it.each<readonly [what: string, facts: MachineFacts, expected: readonly string[]]>([
    ['on which everything works has no finding', machineFacts(), []],
    [
      'without any GPU has a note about it',
      machineFacts({ nodes: [], kernelNodes: [], displays: [], driError: 'ENOENT' }),
      ['no-gpu'],
    ],
    [
      'with a GPU of NVIDIA alone has no Intel GPU',
      machineFacts({
        nodes: [closed({ vendor: '0x10de', device: '0x2204', driver: 'nvidia' })],
        displays: [{ address: '0000:01:00.0', vendor: '0x10de', device: '0x2204', driver: 'nvidia' }],
      }),
      ['no-gpu', 'not-intel'],
    ],
    [
      'whose Intel GPU is bound to no kernel driver',
      machineFacts({
        nodes: [],
        kernelNodes: [],
        displays: [{ address: '0000:00:02.0', vendor: '0x8086', device: '0x9a49' }],
      }),
      ['gpu-without-driver'],
    ],
    [
      'whose Intel GPU is set aside for a virtual machine',
      machineFacts({
        nodes: [],
        kernelNodes: [],
        displays: [{ address: '0000:00:02.0', vendor: '0x8086', device: '0x9a49', driver: 'vfio-pci' }],
      }),
      ['gpu-without-driver'],
    ],
    [
      'in a container into which the node of its kernel is not passed',
      machineFacts({ nodes: [], driError: 'ENOENT', surroundings: 'container' }),
      ['not-passed-in'],
    ],
    [
      'in a pod that asked for no GPU on a node that has one',
      machineFacts({ nodes: [], kernelNodes: [], surroundings: 'kubernetes' }),
      ['not-passed-in'],
    ],
    [
      'in a container with the node of another vendor beside the one of Intel',
      machineFacts({
        nodes: [closed({ node: '/dev/dri/renderD129', vendor: '0x1002' })],
        kernelNodes: ['renderD128', 'renderD129'],
        surroundings: 'container',
      }),
      ['not-passed-in', 'not-intel'],
    ],
    [
      'whose folder of nodes is empty although the kernel drives a GPU',
      machineFacts({ nodes: [] }),
      ['no-render-node'],
    ],
    ['that is WSL', machineFacts({ nodes: [], kernelNodes: [], displays: [], surroundings: 'wsl' }), ['wsl']],
    [
      'whose FFmpeg has no Quick Sync',
      machineFacts({ ffmpeg: { program: 'ffmpeg', qsv: false, vaapi: true } }),
      ['ffmpeg-without-quick-sync'],
    ],
  ])('%s', (_what, facts, expected) => {
    expect(causes(facts)).toEqual(expected);
  });
});

describe('a render node', () => {
  it.each<readonly [what: string, node: MachineFacts['nodes'][number], expected: readonly string[]]>([
    ['that may not be opened', closed({ openError: 'EACCES' }), ['no-permission']],
    ['that the device rules of a container forbid', closed({ openError: 'EPERM' }), ['device-cgroup']],
    ['without a device behind it', closed({ openError: 'ENXIO' }), ['node-without-device']],
    [
      'that FFmpeg alone cannot open',
      closed({ opening: { vaError: 'No VA display found for device /dev/dri/renderD128.' } }),
      ['node-without-device'],
    ],
    [
      'that is a plain file',
      closed({
        owner: { uid: 0, gid: 0, group: 'root', mode: 0o644, device: false },
        opening: { vaError: 'Device creation failed: -542398533.' },
      }),
      ['node-without-device'],
    ],
    [
      'without the VA driver',
      closed({
        opening: {
          vaError: 'Failed to initialise VAAPI connection: -1 (unknown libva error).',
          vaDriverFile: '/usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so',
        },
        vaDriverExists: false,
      }),
      ['va-driver-missing'],
    ],
    [
      'whose VA driver does not start',
      closed({
        opening: {
          vaError: 'Failed to initialise VAAPI connection: -1 (unknown libva error).',
          vaDriverFile: '/usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so',
        },
        vaDriverExists: true,
      }),
      ['va-driver-fails'],
    ],
    [
      'with a runtime that rejects a session',
      closed({ opening: { vaDriver: 'iHD', sessionError: 'Error creating a MFX session: -9.' } }),
      ['runtime-rejects'],
    ],
    [
      'of Ice Lake with the runtime of later generations alone',
      closed({ ...icelake, opening: { vaDriver: 'iHD', sessionError: 'Error creating a MFX session: -9.' } }),
      ['runtime-missing'],
    ],
    ['driven by xe', nodeFacts({ driver: 'xe' }), ['xe-driver']],
    [
      'driven by xe without a session, the graver cause first',
      closed({ driver: 'xe', opening: { vaDriver: 'iHD', sessionError: '-9' } }),
      ['runtime-rejects', 'xe-driver'],
    ],
  ])('%s', (_what, node, expected) => {
    expect(causes(machineFacts({ nodes: [node] }))).toEqual(expected);
  });

  it('needs a runtime that is not installed', () => {
    const node = closed({ opening: { vaDriver: 'iHD', sessionError: 'Error creating a MFX session: -9.' } });
    const [finding] = diagnose(machineFacts({ nodes: [node], runtimes: [] }));
    expect(finding?.cause).toBe('runtime-missing');
    expect(finding?.seen).toContain('Arc A (DG2) needs libmfx-gen1.2. The usual folders contain no runtime.');
    expect(finding?.commands).toEqual(['apt-get install libmfx-gen1.2  # as root']);
  });
});

describe('permission', () => {
  const node = closed({ openError: 'EACCES' });
  const commands = (change: Partial<MachineFacts>): readonly string[] =>
    diagnose(machineFacts({ nodes: [node], ...change }))[0]?.commands ?? [];

  it('names the group with its number, the mode, and the user who is not in it', () => {
    expect(diagnose(machineFacts({ nodes: [node] }))[0]?.seen).toBe(
      '/dev/dri/renderD128 belongs to group render (104), mode 0660; this process (ann, uid 1000) is not in it.',
    );
  });

  it('is granted with usermod on a host, --group-add in a container, supplementalGroups in a pod', () => {
    expect(commands({})[0]).toMatch(/^usermod -aG render ann {2}#/);
    expect(commands({ surroundings: 'container' })[0]).toMatch(
      /^docker run --device \/dev\/dri\/renderD128 --group-add 104 /,
    );
    expect(commands({ surroundings: 'kubernetes' })).toEqual([
      'securityContext: { supplementalGroups: [104] }  # in the pod',
    ]);
  });

  it('is granted by number where the group has no name, as in most images', () => {
    const unnamed = closed({ openError: 'EACCES', owner: { uid: 0, gid: 992, mode: 0o660, device: true } });
    const [finding] = diagnose(
      machineFacts({ nodes: [unnamed], surroundings: 'container', user: { uid: 65532, groups: [], listedIn: [] } }),
    );
    expect(finding?.seen).toContain('belongs to group (992), mode 0660; this process (uid 65532)');
    expect(finding?.commands[0]).toContain('--group-add 992');
  });

  it('applies from the next login on for a user who was added', () => {
    const user = { uid: 1000, name: 'ann', groups: [1000], listedIn: [104] };
    expect(commands({ user })[0]).toMatch(/^newgrp render/);
  });

  it('is not granted by a group that may not use the node either', () => {
    const own = closed({ openError: 'EACCES', owner: { uid: 0, gid: 0, group: 'root', mode: 0o600, device: true } });
    expect(diagnose(machineFacts({ nodes: [own] }))[0]?.commands[0]).toMatch(/^chgrp render \/dev\/dri\/renderD128/);
  });
});

describe('trial encodes', () => {
  it.each<readonly [what: string, change: Parameters<typeof nodeFacts>[0], expected: readonly string[]]>([
    ['that all fail', { trials: trials({ fails: () => true }) }, ['trial-encodes-fail']],
    [
      'in which the device is lost',
      { trials: trials({ fails: () => true, error: 'device lost (-13)' }) },
      ['device-fails'],
    ],
    ['that do not end', { trials: trials({ fails: () => true, hangs: true }) }, ['device-fails']],
    [
      'of which the low-power engine accepts only a constant quantizer',
      { trials: trials({ fails: ({ lowPower }) => lowPower, lowPowerNeedsHuc: true }) },
      ['huc-missing'],
    ],
    ['without a low-power engine', { trials: trials({ fails: ({ lowPower }) => lowPower }) }, ['no-low-power']],
    ['with the low-power engine alone', { trials: trials({ fails: ({ lowPower }) => !lowPower }) }, ['low-power-only']],
    [
      'without AV1 on a generation that encodes it',
      { trials: trials({ fails: ({ codec }) => codec === 'av1' }) },
      ['codec-fails'],
    ],
    [
      'without AV1 on one that does not',
      { ...tigerlake, trials: trials({ fails: ({ codec }) => codec === 'av1' }) },
      ['codec-absent'],
    ],
    [
      'without 10 bits on a GPU that is not listed',
      { device: '0xffff', trials: trials({ fails: ({ bitDepth }) => bitDepth === 10 }) },
      ['codec-absent', 'codec-absent', 'codec-absent'],
    ],
    ['without filters', { trials: trials({ fails: ({ backend }) => backend === 'qsv-full' }) }, ['filters-fail']],
  ])('%s', (_what, change, expected) => {
    expect(causes(machineFacts({ nodes: [nodeFacts(change)] }))).toEqual(expected);
  });

  it('with only the low-power engine need the non-free VA driver before Arc, and nothing on Arc', () => {
    const only = trials({ fails: ({ lowPower }) => !lowPower });
    const commands = (device: string) =>
      diagnose(machineFacts({ nodes: [nodeFacts({ device, trials: only })] }))[0]?.commands;
    expect(commands('0x9a49')).toEqual(['apt-get install intel-media-va-driver-non-free  # as root']);
    expect(commands('0x56a0')).toEqual([]);
  });
});

it('lists the causes of each of several nodes, the gravest first', () => {
  const healthy = nodeFacts({ node: '/dev/dri/renderD129', driver: 'xe' });
  const findings = diagnose(machineFacts({ nodes: [healthy, closed({ openError: 'EACCES' })] }));
  expect(findings.map(({ cause, node }) => [cause, node])).toEqual([
    ['no-permission', '/dev/dri/renderD128'],
    ['xe-driver', '/dev/dri/renderD129'],
  ]);
});

it('has a meaning and a remedy in whole sentences for every cause', () => {
  for (const [name, { meaning, remedy }] of Object.entries(deviceCauses)) {
    expect(meaning, name).toMatch(/^[A-Z].*\.$/);
    expect(remedy, name).toMatch(/^[A-Z].*\.$/);
  }
});
