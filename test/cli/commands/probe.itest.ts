import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProbeReport, probeReport } from '../../../src/cli/output/probe-report.ts';
import { gpuEnvironment } from '../../support/gpu-environment.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../../support/software-gpu.ts';

const main = join(import.meta.dirname, '../../../src/main.ts');
const otherUser = 65_534;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fw-probe-'));
  // A process of another user must be able to read it.
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `framewright probe` as a process of its own, as the user with this number where one is given. */
function probe(args: readonly string[], env: Readonly<Record<string, string>>, uid?: number): Promise<Run> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'probe', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (texts.out += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (texts.err += piece));
  const { promise, resolve, reject } = Promise.withResolvers<Run>();
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, ...texts }));
  return promise;
}

/** The report of a run, validated by its documented schema. */
const reportOf = ({ out }: Run): ProbeReport => probeReport.parse(JSON.parse(out));

const causesOf = (run: Run): string[] => reportOf(run).findings.map(({ cause }) => cause);

interface Device {
  readonly vendor?: string;
  readonly device?: string;
  readonly driver?: string;
}

/** Folders like /dev/dri and /sys, with the environment that names them. */
async function machine(
  nodes: Readonly<Record<string, Device>>,
  { passedIn = true, pci = {} }: { readonly passedIn?: boolean; readonly pci?: Readonly<Record<string, Device>> } = {},
): Promise<{ readonly env: Record<string, string>; readonly dri: string }> {
  const dri = join(dir, 'dev', 'dri');
  const drmClass = join(dir, 'sys', 'class', 'drm');
  await mkdir(dri, { recursive: true });
  await mkdir(drmClass, { recursive: true });
  for (const [name, device] of Object.entries(nodes)) {
    if (passedIn) await writeFile(join(dri, name), '');
    await describeDevice(join(drmClass, name, 'device'), device);
  }
  for (const [address, device] of Object.entries(pci)) {
    const folder = join(dir, 'sys', 'bus', 'pci', 'devices', address);
    await describeDevice(folder, device);
    await writeFile(join(folder, 'class'), '0x030000\n');
  }
  return { dri, env: { FRAMEWRIGHT_DRI_DIR: dri, FRAMEWRIGHT_DRM_CLASS_DIR: drmClass } };
}

async function describeDevice(folder: string, { vendor = '0x8086', device = '0x56a0', driver }: Device): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'vendor'), `${vendor}\n`);
  await writeFile(join(folder, 'device'), `${device}\n`);
  if (driver !== undefined) await symlink(`../../../bus/pci/drivers/${driver}`, join(folder, 'driver'));
}

describe('framewright probe', () => {
  it('exits 0 on a machine without a GPU, and 6 where one is required', async () => {
    const { env } = await machine({});
    const run = await probe(['--json'], env);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(reportOf(run)).toMatchObject({ verdict: 'software', intelGpu: false, nodes: [] });
    expect(causesOf(run)).toEqual(['no-gpu']);
    expect((await probe(['--require-gpu'], env)).code).toBe(6);
  });

  it('exits 6 where an Intel GPU exists and cannot be used', async () => {
    const { env } = await machine({}, { pci: { '0000:00:02.0': { device: '0x9a49' } } });
    const run = await probe(['--json'], env);
    expect(run.code).toBe(6);
    expect(causesOf(run)).toEqual(['gpu-without-driver']);
    expect(reportOf(run).findings[0]?.seen).toBe(
      'Intel 0x9a49, Tiger Lake at 0000:00:02.0 is bound to no kernel driver.',
    );
  });

  it('finds the node that the kernel has and a container does not have', async () => {
    const { env } = await machine({ renderD128: { driver: 'i915' } }, { passedIn: false });
    const [finding] = reportOf(await probe(['--json'], { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' })).findings;
    expect(finding?.cause).toBe('not-passed-in');
    expect(finding?.commands).toEqual([expect.stringContaining('gpu.intel.com/i915')]);
  });

  it('does not use the GPU of another vendor, and names it', async () => {
    const { env } = await machine({ renderD128: { vendor: '0x1002', device: '0x73bf', driver: 'amdgpu' } });
    const run = await probe(['--json'], env);
    expect(run.code).toBe(0);
    expect(causesOf(run)).toEqual(['no-gpu', 'not-intel']);
    expect(reportOf(run).nodes[0]).toMatchObject({ maker: 'AMD', usable: false, resource: null });
  });

  it('reports the group of a node, and how to join it', async () => {
    const { env, dri } = await machine({ renderD128: { driver: 'i915' } });
    const node = join(dri, 'renderD128');
    const root = process.getuid?.() === 0;
    if (root) await chown(node, 0, 44_321);
    // Without root the owner itself has no access; the remedy is another one then.
    await chmod(node, root ? 0o660 : 0o060);
    const run = await probe(['--json'], { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' }, root ? otherUser : undefined);
    expect(run.code).toBe(6);
    const [finding] = reportOf(run).findings;
    expect(finding?.cause).toBe('no-permission');
    if (!root) return;
    expect(finding?.seen).toContain(`${node} belongs to group (44321), mode 0660; this process`);
    expect(finding?.commands).toEqual(['securityContext: { supplementalGroups: [44321] }  # in the pod']);
  });

  it('prints text without colours into a pipe, in lines of at most 80 characters', async () => {
    const { env } = await machine({ renderD128: { vendor: '0x10de' } });
    const { out } = await probe([], { ...env, FORCE_COLOR: '1' });
    expect(out).toMatch(/^Encoding works on the CPU only\. There is no Intel GPU\.\n/);
    expect(out).not.toContain('\u001b');
    // The path of the node is a word, however long.
    for (const line of out.split('\n').filter((text) => !text.includes(dir)))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  it('does not print control characters of names', async () => {
    const { env } = await machine({});
    const { out } = await probe([], { ...env, FRAMEWRIGHT_DRI_DIR: join(dir, 'a\u001b[31mb') });
    expect(out).toContain('a[31mb');
    expect(out).not.toContain('\u001b');
  });

  it('exits 130 without output when it is interrupted', async () => {
    const { env } = await machine({});
    const program = join(dir, 'ffmpeg');
    const started = join(dir, 'started');
    await writeFile(program, `#!/bin/sh\ntouch '${started}'\nexec sleep 60\n`, { mode: 0o755 });
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'probe'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...env, FRAMEWRIGHT_FFMPEG: program },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', resolve);
    });
    await expect.poll(() => existsSync(started), { timeout: 30_000 }).toBe(true);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(text).toBe('');
  });

  it('rejects unknown options and arguments', async () => {
    expect((await probe(['--required'], {})).code).toBe(2);
    expect((await probe(['/dev/dri/renderD128'], {})).code).toBe(2);
  });
});

describeOnSoftwareGpu('framewright probe on a GPU', (gpus) => {
  const environmentOf = (gpu: SoftwareGpu) => gpuEnvironment(gpu, ['h264_qsv', 'av1_qsv']);
  const run = async (faults: Faults, more: Readonly<Record<string, string>> = {}): Promise<Run> =>
    probe(['--json'], { ...(await environmentOf(await gpus.create(dir, faults))), ...more });

  it('exits 0 and lists the trial encodes that succeeded, and nothing to repair', async () => {
    const gpu = await gpus.create(dir);
    const text = await probe([], await environmentOf(gpu));
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^Quick Sync works on this machine\.\n/);
    expect(text.out).toMatch(/Quick Sync {2}h264 {2}8 bit \(low power, full\)\n {16}av1 {3}8 bit .*, 10 bit/);
    expect(text.out).not.toContain('What prevents the use of a GPU');
    expect((await gpu.trace()).length).toBeGreaterThan(0);
  });

  it.each<readonly [what: string, faults: Faults, verdict: ProbeReport['verdict'], cause: string]>([
    ['rejects every encode', { reject: ['h264', 'av1'] }, 'software', 'trial-encodes-fail'],
    ['is lost', { fail: ['encode@5=device-lost'] }, 'software', 'device-fails'],
    ['has no HuC firmware', { reject: ['nohuc'] }, 'quick-sync', 'huc-missing'],
    ['has no low-power engine', { reject: ['lowpower'] }, 'quick-sync', 'no-low-power'],
    ['has only the low-power engine', { reject: ['nolowpower'] }, 'quick-sync', 'low-power-only'],
    ['does not encode AV1', { reject: ['av1'] }, 'quick-sync', 'codec-fails'],
    ['cannot filter', { fail: ['vpp-init@2=unsupported'] }, 'quick-sync', 'filters-fail'],
    ['cannot be opened', { openErrno: 13 }, 'software', 'node-without-device'],
    ['is of another vendor', { vendor: '1002' }, 'software', 'not-intel'],
  ])('recognises a GPU that %s', async (_what, faults, verdict, cause) => {
    const ended = await run(faults);
    expect(causesOf(ended)).toContain(cause);
    expect(reportOf(ended).verdict).toBe(verdict);
    expect(ended.code).toBe(verdict === 'quick-sync' || cause === 'not-intel' ? 0 : 6);
  });

  it('exits 6 where VA-API encodes and Quick Sync does not, and reports what Quick Sync lacks', async () => {
    const gpu = await gpus.create(dir, { fail: ['session@1=unsupported'] });
    const ended = await probe(['--json'], await gpuEnvironment(gpu, ['h264_qsv', 'h264_vaapi']));
    expect(ended.code).toBe(6);
    expect(reportOf(ended)).toMatchObject({
      verdict: 'vaapi',
      nodes: [{ usable: true, sessionApi: null, encodes: [{ backend: 'vaapi', codec: 'h264' }, { backend: 'vaapi' }] }],
    });
    // Which of the two depends on what this machine has installed.
    expect(causesOf(ended).join()).toMatch(/runtime-(missing|rejects)/);
  });

  it('distinguishes a runtime that rejects sessions from a missing one', async () => {
    const faults: Faults = { fail: ['session@1=unsupported'] };
    const folder = join(dir, 'runtime');
    await mkdir(folder);
    await writeFile(join(folder, 'libmfx-gen.so.1.2'), '');
    const rejecting = await run(faults, { ONEVPL_SEARCH_PATH: folder });
    expect(causesOf(rejecting)).toEqual(['runtime-rejects']);
    expect(reportOf(rejecting).findings[0]?.seen).toContain('Error creating a MFX session: -9.');
  });
});
