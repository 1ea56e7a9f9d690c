import type { GpuEncode } from './capabilities.ts';
import { type Finding, finding } from './device-causes.ts';
import type { DeviceTrials, NodeFacts } from './device-facts.ts';
import { type GpuGeneration, generationOf } from './gpu-generation.ts';

// From a session to encodes: what the trial encodes on a node show beside their list.

/** One node with its trial encodes. */
interface TriedNode {
  readonly node: string;
  /** Kernel driver: i915 or xe. */
  readonly driver: string | undefined;
  readonly generation: GpuGeneration | undefined;
  readonly trials: DeviceTrials;
  /** Those that succeeded on Quick Sync without its filters. */
  readonly plain: readonly GpuEncode[];
}

/** What the trial encodes on a node show to be missing, and whether its generation explains it. */
export function encodeFindings({ device, driver, node, trials }: NodeFacts): Finding[] {
  if (trials === undefined) return [];
  const plain = trials.encodes.filter(({ backend }) => backend === 'qsv-encode');
  const tried: TriedNode = { node, driver, generation: generationOf(device), trials, plain };
  if (plain.length === 0) return nothingWorks(tried);
  const hangs = trials.hangs
    ? [finding('device-fails', { node, seen: `${node}: some trial encodes did not end.` })]
    : [];
  return [...hangs, ...engineFindings(tried), ...codecFindings(tried), ...filterFindings(tried)];
}

function nothingWorks({ node, trials }: TriedNode): Finding[] {
  if (trials.hangs) return [finding('device-fails', { node, seen: `${node}: trial encodes did not end.` })];
  // Without a session nothing was tried, and driverFindings has the reason.
  if (!trials.failed.some(({ backend }) => backend === 'qsv-encode')) return [];
  const seen = `${node}: a session opens, but every trial encode fails${errorOf(trials, 'qsv-encode')}.`;
  return trials.failed.some(({ error }) => /device (is )?(lost|failed)|GPU hang|hung/i.test(error))
    ? [finding('device-fails', { node, seen, commands: ['dmesg | grep -iE "i915|xe |huc|guc|gpu hang"'] })]
    : [finding('trial-encodes-fail', { node, seen, commands: [`vainfo --display drm --device ${node}`] })];
}

const enableHuc =
  'echo "options i915 enable_guc=2" > /etc/modprobe.d/i915.conf && update-initramfs -u  # as root; then restart';

/** What the low-power and the full-feature engine lack. */
function engineFindings({ node, driver, generation, trials, plain }: TriedNode): Finding[] {
  if (trials.lowPowerNeedsHuc) {
    const seen = `${node}: low-power encoding accepts a constant quantizer and rejects a bit rate.`;
    const commands = [driver === 'xe' ? 'dmesg | grep -iE "xe .*(huc|guc)"' : enableHuc];
    return [finding('huc-missing', { node, seen, commands })];
  }
  // VP9 and AV1 have one engine, whatever FFmpeg calls it.
  const engines = new Set(
    plain.filter(({ codec }) => codec === 'h264' || codec === 'hevc').map(({ lowPower }) => lowPower),
  );
  if (engines.size !== 1) return [];
  if (!engines.has(true)) return [finding('no-low-power', { node, seen: `${node}: low-power encoding fails.` })];
  const expected = generation?.fullFeature === false;
  return [
    finding('low-power-only', {
      node,
      seen: `${node}: full-feature encoding fails${expected ? `, as on every ${generation.name}` : ''}.`,
      commands: expected ? [] : ['apt-get install intel-media-va-driver-non-free  # as root'],
    }),
  ];
}

const targets = [
  { codec: 'h264', bitDepth: 8, name: 'H.264' },
  { codec: 'hevc', bitDepth: 8, name: 'HEVC' },
  { codec: 'hevc', bitDepth: 10, name: 'HEVC in 10 bits' },
  { codec: 'vp9', bitDepth: 8, name: 'VP9' },
  { codec: 'vp9', bitDepth: 10, name: 'VP9 in 10 bits' },
  { codec: 'av1', bitDepth: 8, name: 'AV1' },
  { codec: 'av1', bitDepth: 10, name: 'AV1 in 10 bits' },
] as const;

/** Codecs that were tried and are not encoded; one that is absent in 8 bits is listed once. */
function codecFindings({ node, generation, trials, plain }: TriedNode): Finding[] {
  const encodes = (codec: GpuEncode['codec'], bitDepth: number): boolean =>
    plain.some((encode) => encode.codec === codec && encode.bitDepth === bitDepth);
  const failed = new Set(trials.failed.filter(({ backend }) => backend === 'qsv-encode').map(({ codec }) => codec));
  const lacking = targets.filter(
    ({ codec, bitDepth }) => failed.has(codec) && !encodes(codec, bitDepth) && (bitDepth === 8 || encodes(codec, 8)),
  );
  return lacking.map(({ codec, bitDepth, name }) => {
    if (generation !== undefined && (generation.encodes[codec] ?? 0) >= bitDepth) {
      const seen = `${node}: ${generation.name} encodes ${name}, but its trial encodes failed.`;
      return finding('codec-fails', { node, seen });
    }
    return finding('codec-absent', {
      node,
      seen: `${node}: ${generation?.name ?? 'this GPU'} does not encode ${name}.`,
    });
  });
}

function filterFindings({ node, trials }: TriedNode): Finding[] {
  if (trials.encodes.some(({ backend }) => backend === 'qsv-full')) return [];
  const seen = `${node}: no trial encode through vpp_qsv succeeded${errorOf(trials, 'qsv-full')}.`;
  return [finding('filters-fail', { node, seen })];
}

function errorOf({ failed }: DeviceTrials, backend: GpuEncode['backend']): string {
  const error = failed.find((trial) => trial.backend === backend)?.error;
  return error === undefined ? '' : ` ("${error}")`;
}
