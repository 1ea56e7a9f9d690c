import type { GpuEncode } from './capabilities.ts';
import type { DeviceOpening } from './device-opening.ts';

// What was observed of a machine and its GPUs: the input of the diagnosis.

/** A trial encode that failed, with the first line of FFmpeg's log. */
export type FailedTrial = GpuEncode & { readonly error: string };

/** What trial encodes on a device have shown. A combination that was not tried is in neither list. */
export interface DeviceTrials {
  readonly encodes: readonly GpuEncode[];
  readonly failed: readonly FailedTrial[];
  /** The low-power engine rejects bit rates and accepts a constant quantizer: the sign of missing HuC firmware. */
  readonly lowPowerNeedsHuc: boolean;
  /** Trial encodes did not end in time, and the rest was not run. */
  readonly hangs: boolean;
}

export interface NodeFacts {
  /** For example /dev/dri/renderD128. */
  readonly node: string;
  /** PCI vendor and device, for example 0x8086 and 0x56c0; absent where the kernel does not report them. */
  readonly vendor?: string;
  readonly device?: string;
  /** Kernel driver: i915 or xe. */
  readonly driver?: string;
  readonly owner?: NodeOwner;
  /** Name of the error with which this process cannot open it, for example EACCES. */
  readonly openError?: string;
  /** Absent where it was not opened: not Intel, or not permitted. */
  readonly opening?: DeviceOpening;
  /** Whether the file of the VA driver that libva looked for exists. */
  readonly vaDriverExists?: boolean;
  readonly trials?: DeviceTrials;
}

export interface NodeOwner {
  readonly uid: number;
  readonly gid: number;
  /** Name of the group where this system has one. */
  readonly group?: string;
  /** Permission bits, for example 0o660. */
  readonly mode: number;
  /** Whether it is a device file at all. */
  readonly device: boolean;
}

export interface MachineFacts {
  /** The folder of render nodes, and the error with which it could not be read. */
  readonly dri: string;
  readonly driError?: string;
  readonly nodes: readonly NodeFacts[];
  /** Render nodes that the kernel has, by name, whether or not they are in the folder. */
  readonly kernelNodes: readonly string[];
  /** Display controllers on the PCI bus with their vendor and, where one is bound, their kernel driver. */
  readonly displays: readonly DisplayFacts[];
  readonly surroundings: 'host' | 'container' | 'kubernetes' | 'wsl';
  readonly user: {
    readonly uid: number;
    readonly name?: string;
    readonly groups: readonly number[];
    /** Groups that list the user by name: what counts after the next login. */
    readonly listedIn: readonly number[];
  };
  /** Files of VPL and Media SDK runtimes in the usual folders. */
  readonly runtimes: readonly string[];
  readonly ffmpeg: {
    readonly program: string;
    readonly qsv: boolean;
    readonly vaapi: boolean;
    /** The dispatcher it was built with. */
    readonly dispatcher?: 'libvpl' | 'libmfx';
  };
}

export interface DisplayFacts {
  /** Address on the bus, for example 0000:00:02.0. */
  readonly address: string;
  readonly vendor: string;
  readonly device: string;
  readonly driver?: string;
}
