/**
 * Why an Intel GPU cannot be used, or not fully: every cause that the diagnosis distinguishes, with what it means and what
 * to do. `docs/reference/probe.md` is generated from it.
 *
 * Weight: `blocks` prevents the use of a GPU; `limits` costs some of what it can do; `note` is for information.
 */
export interface DeviceCause {
  readonly weight: 'blocks' | 'limits' | 'note';
  readonly title: string;
  /** What it means and how it shows. */
  readonly meaning: string;
  readonly remedy: string;
}

const table = {
  'no-gpu': {
    weight: 'note',
    title: 'no Intel GPU',
    meaning: 'There is no render node, and no display controller of Intel on the PCI bus.',
    remedy: 'Nothing to repair: jobs are encoded on the CPU. Jobs with `acceleration: Required` need another machine.',
  },
  'gpu-without-driver': {
    weight: 'blocks',
    title: 'the kernel driver is not bound',
    meaning: 'An Intel GPU is on the PCI bus, and neither i915 nor xe drives it, so it has no render node.',
    remedy:
      'Load the driver (i915, or xe for the newest generations) with a kernel that knows the GPU and its firmware (Debian: firmware-misc-nonfree, in Debian 13 firmware-intel-graphics; Ubuntu: linux-firmware). One that is passed through to a virtual machine (vfio-pci) works only there.',
  },
  'not-passed-in': {
    weight: 'blocks',
    title: 'the render node is not passed into the container',
    meaning: 'The kernel has a render node, and the folder of render nodes in this container does not contain it.',
    remedy: 'Give the container the device; in Kubernetes request a GPU of the Intel device plugin.',
  },
  'no-render-node': {
    weight: 'blocks',
    title: 'no render node',
    meaning: 'The kernel drives an Intel GPU, and the folder of render nodes is empty or cannot be read.',
    remedy: 'Check that the folder exists and is readable, and that udev creates the nodes.',
  },
  wsl: {
    weight: 'blocks',
    title: 'Windows Subsystem for Linux',
    meaning: 'WSL shows GPUs as /dev/dxg, without the render node that Quick Sync needs on Linux.',
    remedy: 'Run on Linux itself, or encode on the CPU.',
  },
  'node-without-device': {
    weight: 'blocks',
    title: 'the render node has no device',
    meaning:
      'The node is in the folder, but the kernel has no device for it: the driver was unloaded, the GPU was reset, or the file was copied.',
    remedy: 'Reload the driver or restart the machine; in a container pass the device in again.',
  },
  'no-permission': {
    weight: 'blocks',
    title: 'no permission for the render node',
    meaning: 'The node belongs to a group (usually render) that the user is not in.',
    remedy: 'Add the user to the group of the node, by number in a container, and log in again.',
  },
  'device-cgroup': {
    weight: 'blocks',
    title: 'the container may not use the device',
    meaning: 'The node exists and its permissions suffice, but the device rules of the container forbid it.',
    remedy: 'Pass the device itself (--device, or the device plugin), not a bind mount of /dev/dri.',
  },
  'not-intel': {
    weight: 'note',
    title: 'the GPU of another vendor',
    meaning: 'Only Intel GPUs have Quick Sync.',
    remedy: 'Nothing to repair: this GPU is not used.',
  },
  'ffmpeg-without-quick-sync': {
    weight: 'blocks',
    title: 'FFmpeg was built without Quick Sync',
    meaning: 'The FFmpeg that is used has no *_qsv encoder.',
    remedy:
      'Use an FFmpeg that was built with libvpl (the packages of Debian 13 and Ubuntu 24.04 are), and name it with FRAMEWRIGHT_FFMPEG and FRAMEWRIGHT_FFPROBE.',
  },
  'va-driver-missing': {
    weight: 'blocks',
    title: 'the VA driver is missing',
    meaning: 'The VA library found no iHD_drv_video.so: FFmpeg reports "Failed to initialise VAAPI connection".',
    remedy:
      'Install intel-media-va-driver-non-free (Debian: component non-free; Ubuntu: multiverse), or set LIBVA_DRIVERS_PATH to the folder of the driver.',
  },
  'va-driver-fails': {
    weight: 'blocks',
    title: 'the VA driver does not start',
    meaning:
      'The file iHD_drv_video.so exists and does not start: usually it is older than the GPU, or the GPU is older than Broadwell.',
    remedy:
      'Install a newer intel-media-va-driver-non-free (backports, or the packages of Intel), and a kernel of about the same age.',
  },
  'runtime-missing': {
    weight: 'blocks',
    title: 'the VPL runtime is missing',
    meaning:
      'The VA driver works, but FFmpeg cannot create an MFX session (exit status 171, MFX error -9): there is no runtime for this generation.',
    remedy:
      'Tiger Lake and later need libmfx-gen1.2; Broadwell to Ice Lake need the Media SDK (libmfx1, up to Debian 12 and Ubuntu 24.04). A runtime in another folder is found through ONEVPL_SEARCH_PATH.',
  },
  'runtime-rejects': {
    weight: 'blocks',
    title: 'the VPL runtime rejects the session',
    meaning:
      'A runtime is installed, but FFmpeg cannot create an MFX session with it: it is for another generation, or older than the GPU.',
    remedy:
      'Install the runtime of the generation, newer than the GPU; `vpl-inspect` (package libvpl-tools) lists what the dispatcher finds.',
  },
  'trial-encodes-fail': {
    weight: 'blocks',
    title: 'every trial encode fails',
    meaning:
      'A session opens, but the runtime rejects every codec: driver, runtime and kernel do not match, or the GPU has no encoders.',
    remedy: 'Install kernel, VA driver and runtime of about the same age.',
  },
  'device-fails': {
    weight: 'blocks',
    title: 'the GPU fails or hangs',
    meaning: 'Trial encodes fail with a lost device or do not end.',
    remedy:
      'Read the kernel log (`dmesg | grep -iE "i915|xe |huc|guc|gpu hang"`), then restart the machine; update kernel and firmware.',
  },
  'huc-missing': {
    weight: 'limits',
    title: 'HuC firmware is not loaded',
    meaning:
      'The low-power encoder accepts a constant quantizer and rejects bit rates: its rate control runs in HuC firmware.',
    remedy:
      'Install the firmware, put `options i915 enable_guc=2` (3 from Alder Lake on) into /etc/modprobe.d/i915.conf, update the initramfs and restart; xe loads it by itself. `/sys/kernel/debug/dri/*/gt*/uc/huc_info` (as root) shows whether it runs.',
  },
  'no-low-power': {
    weight: 'limits',
    title: 'no low-power encoding',
    meaning: 'Only the full-feature encoder works, which uses the shader cores.',
    remedy: 'None where the generation has no low-power encoder for the codec; otherwise check the HuC firmware.',
  },
  'low-power-only': {
    weight: 'note',
    title: 'low-power encoding only',
    meaning:
      'The full-feature encoder does not work: Arc and later have none; earlier generations need the non-free build of the VA driver.',
    remedy:
      'None on Arc and later; on earlier generations replace intel-media-va-driver by intel-media-va-driver-non-free.',
  },
  'codec-absent': {
    weight: 'note',
    title: 'a codec that the GPU does not encode',
    meaning:
      'HEVC is encoded since Skylake, in 10 bits since Kaby Lake, VP9 since Ice Lake, AV1 since Arc (DG2) and Meteor Lake.',
    remedy: 'Choose another codec, or allow encoding on the CPU (`acceleration: Preferred`).',
  },
  'codec-fails': {
    weight: 'limits',
    title: 'a codec that should work fails',
    meaning: 'The generation encodes the codec, but the trial encodes with it failed.',
    remedy: 'Update kernel, VA driver and runtime; replace the free build of the VA driver by the non-free one.',
  },
  'filters-fail': {
    weight: 'limits',
    title: 'Quick Sync encodes but does not filter',
    meaning: 'Trial encodes through vpp_qsv failed, so frames are scaled and converted on the CPU.',
    remedy: 'Install the non-free build of the VA driver: the free one lacks the shader kernels for video processing.',
  },
  'xe-driver': {
    weight: 'note',
    title: 'the GPU is driven by xe',
    meaning: 'In Kubernetes the Intel device plugin offers it as gpu.intel.com/xe instead of gpu.intel.com/i915.',
    remedy: 'Set the resource gpu.intel.com/xe for a pool of such nodes.',
  },
} as const satisfies Record<string, DeviceCause>;

export type CauseName = keyof typeof table;

export const deviceCauses: Readonly<Record<CauseName, DeviceCause>> = table;

/** One recognised cause. */
export interface Finding {
  readonly cause: CauseName;
  /** The render node that it is about; absent when it is about the machine. */
  readonly node?: string;
  /** What was observed, in one sentence. */
  readonly seen: string;
  /** Commands that repair it, the most suitable first; a shell comment says where each is run. */
  readonly commands: readonly string[];
}

/** A finding about a render node, or about the machine when `node` is absent. */
export function finding(
  cause: CauseName,
  { commands = [], ...observed }: Omit<Finding, 'cause' | 'commands'> & Partial<Pick<Finding, 'commands'>>,
): Finding {
  return { cause, ...observed, commands };
}
