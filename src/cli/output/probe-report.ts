import { z } from 'zod';
import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';
import { deviceCauses } from '../../media/gpu/device-causes.ts';
import { diagnose, hasIntelGpu } from '../../media/gpu/device-diagnosis.ts';
import type { NodeFacts } from '../../media/gpu/device-facts.ts';
import { generationOf, intelVendor, vendorName } from '../../media/gpu/gpu-generation.ts';
import type { Observation } from '../../media/gpu/run/observe-machine.ts';
import { backends } from '../../model/status/result.ts';
import { printable } from './format.ts';
import { encodesFrames, softwareCodecs, softwareGaps } from './software-gaps.ts';

const gpuEncode = z
  .strictObject({
    backend: z.enum(['qsv-full', 'qsv-encode', 'vaapi']).describe('Encoder backend of the trial encode.'),
    codec: z.enum(['h264', 'hevc', 'av1', 'vp9']).describe('Codec.'),
    bitDepth: z.union([z.literal(8), z.literal(10)]).describe('Bits per sample.'),
    lowPower: z.boolean().describe('On the low-power engine; else on the full-feature one.'),
  })
  .describe('One combination of which a trial encode succeeded.');

const node = z
  .strictObject({
    node: z.string().describe('Path of the render node.'),
    usable: z.boolean().describe('At least one trial encode on it has succeeded.'),
    maker: z.string().nullable().describe('Vendor of the GPU by name.'),
    vendor: z.string().nullable().describe('PCI vendor number, for example 0x8086.'),
    device: z.string().nullable().describe('PCI device number, for example 0x56c0.'),
    generation: z.string().nullable().describe('Generation of an Intel GPU; null when it is not known.'),
    driver: z.string().nullable().describe('Kernel driver: i915 or xe.'),
    resource: z.string().nullable().describe('Kubernetes resource under which the Intel device plugin offers it.'),
    group: z.string().nullable().describe('Group of the node; null where its number has no name on this machine.'),
    gid: z.int().nullable().describe('Number of that group.'),
    mode: z.string().nullable().describe('Permissions in octal, for example 0660.'),
    vaDriver: z.string().nullable().describe('Name and version of the VA driver; null when it did not start.'),
    sessionApi: z.string().nullable().describe('API version of the VPL runtime; null without a session.'),
    encodes: z.array(gpuEncode).describe('Trial encodes that succeeded on it.'),
  })
  .describe('One render node.');

const finding = z
  .strictObject({
    cause: z.string().describe('Name of the cause, from the table of causes.'),
    weight: z
      .enum(['blocks', 'limits', 'note'])
      .describe('`blocks` prevents the use of a GPU, `limits` costs some of its abilities, `note` is for information.'),
    title: z.string().describe('The cause in a few words.'),
    node: z.string().nullable().describe('The render node it concerns; null for the machine.'),
    seen: z.string().describe('What was observed.'),
    remedy: z.string().describe('What to do.'),
    commands: z.array(z.string()).describe('Commands that do it, the most suitable first.'),
  })
  .describe('One recognised cause.');

/** What `framewright probe --json` prints. Members are added; none is removed or changes its meaning within a version. */
export const probeReport = z.strictObject({
  version: z.literal(1).describe('Version of this shape.'),
  verdict: z
    .enum(['quick-sync', 'vaapi', 'software', 'nothing'])
    .describe('The best way in which this machine can encode video.'),
  intelGpu: z.boolean().describe('The machine has an Intel GPU, usable or not.'),
  ffmpeg: z
    .strictObject({
      program: z.string().describe('Name or path of the program.'),
      version: z.string().describe('Version that it reports.'),
    })
    .describe('The FFmpeg that was used.'),
  processors: z.int().describe('Processors that this process may use.'),
  backends: z
    .array(
      z
        .strictObject({
          backend: z.enum(['qsv-full', 'qsv-encode', 'vaapi', 'software']).describe('Encoder backend.'),
          usable: z.boolean().describe('Something can be encoded with it.'),
          reason: z.string().nullable().describe('Why it cannot be used.'),
        })
        .describe('One encoder backend.'),
    )
    .describe('Encoder backends, best first.'),
  nodes: z.array(node).describe('All render nodes in the order of their numbers.'),
  findings: z.array(finding).describe('Recognised causes, the gravest first.'),
  software: z
    .array(
      z
        .strictObject({
          codec: z.string().describe('Codec.'),
          encoders: z.array(z.string()).describe('Its encoders in this FFmpeg.'),
        })
        .describe('One codec on the CPU.'),
    )
    .describe('Codecs on the CPU.'),
  missing: z
    .array(
      z
        .strictObject({
          what: z.string().describe('What cannot be done.'),
          missing: z.string().describe('What is missing for it.'),
          remedy: z.string().describe('What to do.'),
        })
        .describe('One gap.'),
    )
    .describe('What this FFmpeg lacks for jobs on the CPU.'),
  encoders: z.array(z.string()).describe('All encoders that FFmpeg lists; a listed GPU encoder need not work.'),
  filters: z.array(z.string()).describe('All filters that FFmpeg lists.'),
});

export type ProbeReport = z.output<typeof probeReport>;
export type ProbeNode = ProbeReport['nodes'][number];

const gpuBackends = backends.filter((backend) => backend !== 'copy');

/** The report of an observation, without control characters: paths and messages of FFmpeg may contain any. Pure. */
export function reportOf({ detection, facts }: Observation): ProbeReport {
  const { capabilities, nodes } = detection;
  const { cpus, encoders, ffmpegVersion, filters, unavailable } = capabilities;
  const onCpu = encodesFrames(capabilities);
  const usable = (backend: (typeof gpuBackends)[number]): boolean =>
    backend === 'software' ? onCpu : unavailable[backend] === undefined;
  const quickSync = usable('qsv-full') || usable('qsv-encode');
  return {
    version: 1,
    verdict: quickSync ? 'quick-sync' : usable('vaapi') ? 'vaapi' : onCpu ? 'software' : 'nothing',
    intelGpu: hasIntelGpu(facts),
    ffmpeg: { program: printable(facts.ffmpeg.program), version: printable(ffmpegVersion) },
    processors: cpus,
    backends: gpuBackends.map((backend) => {
      const reason = backend === 'software' && !onCpu ? 'FFmpeg has no encoder for it' : unavailable[backend]?.message;
      return { backend, usable: usable(backend), reason: reason === undefined ? null : printable(reason) };
    }),
    nodes: nodes.map(nodeView),
    findings: diagnose(facts).map(({ cause, node: path, seen, commands }) => {
      const { weight, title, remedy } = deviceCauses[cause];
      return {
        cause,
        weight,
        title,
        node: path === undefined ? null : printable(path),
        seen: printable(seen),
        remedy,
        commands: commands.map(printable),
      };
    }),
    software: softwareCodecs(capabilities).map(({ codec, encoders: names }) => ({ codec, encoders: [...names] })),
    missing: softwareGaps(capabilities),
    encoders: [...encoders],
    filters: [...filters],
  };
}

/**
 * 0 when Quick Sync works, or when there is no Intel GPU and none is required; 6 when it does not work although there is
 * one or one is required; 1 when nothing can be encoded at all.
 */
export function probeExit({ verdict, intelGpu }: ProbeReport, gpuRequired: boolean): ExitCode {
  if (verdict === 'quick-sync') return exitCodes.ok;
  if (verdict === 'nothing') return exitCodes.failed;
  return intelGpu || gpuRequired ? exitCodes.gpuUnusable : exitCodes.ok;
}

function nodeView({ node: path, device, driver, opening, owner, trials, vendor }: NodeFacts): ProbeNode {
  const encodes = (trials?.encodes ?? []).map(({ backend, codec, bitDepth, lowPower }) => {
    return { backend, codec, bitDepth, lowPower };
  });
  return {
    node: printable(path),
    usable: encodes.length > 0,
    maker: vendor === undefined ? null : vendorName(vendor),
    vendor: vendor ?? null,
    device: device ?? null,
    generation: generationOf(vendor === intelVendor ? device : undefined)?.name ?? null,
    driver: driver ?? null,
    resource: driver === 'i915' || driver === 'xe' ? `gpu.intel.com/${driver}` : null,
    group: owner?.group ?? null,
    gid: owner?.gid ?? null,
    mode: owner === undefined ? null : owner.mode.toString(8).padStart(4, '0'),
    vaDriver: opening?.vaDriver === undefined ? null : printable(opening.vaDriver),
    sessionApi: opening?.sessionApi ?? null,
    encodes,
  };
}
