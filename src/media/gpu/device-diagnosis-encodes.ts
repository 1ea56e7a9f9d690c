import type { GpuEncode } from './capabilities.ts';
import type { CauseName, Finding } from './device-causes.ts';
import type { DeviceTrials, NodeFacts } from './device-facts.ts';
import { generationOf } from './gpu-generation.ts';

// From a session to encodes: what the trials on a node tell beside their bare list.

/** What the trials on a node show to be missing, and whether its generation explains it. */
export function encodeFindings({ device, driver, node, trials }: NodeFacts): Finding[] {
  if (trials === undefined) return [];
  const finding = (cause: CauseName, seen: string, commands: readonly string[] = []): Finding => ({
    cause,
    node,
    seen,
    commands,
  });
  const plain = trials.encodes.filter(({ backend }) => backend === 'qsv-encode');
  const tried = trials.refused.some(({ backend }) => backend === 'qsv-encode') || plain.length > 0;
  if (trials.hangs && plain.length === 0) return [finding('device-fails', `${node}: trial encodes did not end.`)];
  // Without a session nothing was tried; the driver findings have said why.
  if (!tried) return [];
  if (plain.length === 0) return [nothingWorks(node, trials)];
  return [
    ...(trials.hangs ? [finding('device-fails', `${node}: some trial encodes did not end.`)] : []),
    ...power(node, { device, driver }, trials, plain),
    ...codecs(node, device, trials, plain),
    ...(trials.encodes.some(({ backend }) => backend === 'qsv-full')
      ? []
      : [finding('filters-refused', `${node}: no trial through vpp_qsv succeeded${quoted(trials, 'qsv-full')}.`)]),
  ];
}

const failing = /device (is )?(lost|failed)|GPU hang|hung/i;

function nothingWorks(node: string, trials: DeviceTrials): Finding {
  const said = quoted(trials, 'qsv-encode');
  const broken = trials.refused.some((refusal) => failing.test(refusal.said));
  return {
    cause: broken ? 'device-fails' : 'encodes-refused',
    node,
    seen: `${node}: a session opens, and every trial encode fails${said}.`,
    commands: [broken ? 'dmesg | grep -iE "i915|xe |huc|guc|gpu hang"' : `vainfo --display drm --device ${node}`],
  };
}

const enableHuc =
  'echo "options i915 enable_guc=2" > /etc/modprobe.d/i915.conf && update-initramfs -u  # as root; then restart';

function power(
  node: string,
  { device, driver }: { readonly device: string | undefined; readonly driver: string | undefined },
  trials: DeviceTrials,
  plain: readonly GpuEncode[],
): Finding[] {
  const generation = generationOf(device);
  if (trials.lowPowerNeedsHuc) {
    return [
      {
        cause: 'huc-missing',
        node,
        seen: `${node}: low-power encoding takes a constant quantizer and refuses a bit rate.`,
        commands: [driver === 'xe' ? 'dmesg | grep -iE "xe .*(huc|guc)"' : enableHuc],
      },
    ];
  }
  // VP9 and AV1 have one engine; what FFmpeg calls it says nothing about the others.
  const judged = plain.filter(({ codec }) => codec === 'h264' || codec === 'hevc');
  if (judged.length === 0) return [];
  if (judged.every(({ lowPower }) => lowPower)) {
    const expected = generation?.fullFeature === false;
    const commands = expected ? [] : ['apt-get install intel-media-va-driver-non-free  # as root'];
    const why = expected ? `, as on every ${generation.name}` : '';
    return [{ cause: 'low-power-only', node, seen: `${node}: the full-feature encoder is refused${why}.`, commands }];
  }
  if (judged.some(({ lowPower }) => lowPower)) return [];
  return [{ cause: 'low-power-refused', node, seen: `${node}: the low-power encoder is refused.`, commands: [] }];
}

const named = { h264: 'H.264', hevc: 'HEVC', av1: 'AV1', vp9: 'VP9' } as const;

function codecs(
  node: string,
  device: string | undefined,
  trials: DeviceTrials,
  plain: readonly GpuEncode[],
): Finding[] {
  const generation = generationOf(device);
  const wanted = (['h264', 'hevc', 'vp9', 'av1'] as const).flatMap((codec) =>
    (codec === 'h264' ? ([8] as const) : ([8, 10] as const)).map((bitDepth) => ({ codec, bitDepth })),
  );
  const has = (codec: GpuEncode['codec'], bitDepth: number): boolean =>
    plain.some((encode) => encode.codec === codec && encode.bitDepth === bitDepth);
  const lacking = wanted.filter(
    ({ codec, bitDepth }) =>
      !has(codec, bitDepth) &&
      trials.refused.some((refusal) => refusal.codec === codec && refusal.backend === 'qsv-encode') &&
      // A codec that is absent altogether is told once, not per bit depth.
      (bitDepth === 8 || has(codec, 8)),
  );
  return lacking.map(({ codec, bitDepth }): Finding => {
    const what = `${named[codec]}${bitDepth === 10 ? ' in 10 bits' : ''}`;
    const most = generation?.encodes[codec] ?? 0;
    if (generation !== undefined && most >= bitDepth) {
      const seen = `${node}: ${generation.name} encodes ${what}, and the trials were refused.`;
      return { cause: 'codec-refused', node, seen, commands: [] };
    }
    const whose = generation === undefined ? 'this GPU' : generation.name;
    return { cause: 'codec-absent', node, seen: `${node}: ${whose} does not encode ${what}.`, commands: [] };
  });
}

function quoted({ refused }: DeviceTrials, backend: GpuEncode['backend']): string {
  const said = refused.find((refusal) => refusal.backend === backend)?.said;
  return said === undefined ? '' : ` ("${said}")`;
}
