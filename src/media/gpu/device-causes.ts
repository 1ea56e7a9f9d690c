/**
 * Why an Intel GPU cannot be used, or not fully: every cause that the diagnosis tells apart, with what it means and what
 * to do. `docs/reference/probe.md` is generated from it.
 *
 * Weight: `blocks` keeps a GPU from being used; `limits` costs some of what it can do; `note` is worth knowing.
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
    remedy: 'Nothing to repair: jobs are encoded on the CPU. With `acceleration: Required` they need another machine.',
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
    meaning: 'The kernel has a render node, and the folder of render nodes in this container has not.',
    remedy: 'Give the container the device; in Kubernetes request a GPU of the Intel device plugin.',
  },
  'no-render-node': {
    weight: 'blocks',
    title: 'no render node',
    meaning: 'The kernel drives an Intel GPU, and the folder of render nodes is empty or cannot be read.',
    remedy: 'Check that the folder is there and readable, and that udev makes the nodes.',
  },
  wsl: {
    weight: 'blocks',
    title: 'Windows Subsystem for Linux',
    meaning: 'WSL shows GPUs as /dev/dxg, without the render node that Quick Sync needs on Linux.',
    remedy: 'Run on Linux itself, or encode on the CPU.',
  },
  'node-gone': {
    weight: 'blocks',
    title: 'the render node has no device',
    meaning:
      'The node is in the folder, and the kernel has no device behind it: the driver was unloaded, the GPU was reset, or the file was copied.',
    remedy: 'Reload the driver or restart the machine; in a container pass the device in again.',
  },
  'no-permission': {
    weight: 'blocks',
    title: 'no permission for the render node',
    meaning: 'The node belongs to a group (mostly render) that the user is not in.',
    remedy: 'Add the user to the group of the node, by number in a container, and log in again.',
  },
  'device-cgroup': {
    weight: 'blocks',
    title: 'the container may not use the device',
    meaning: 'The node is there and its permissions fit, and the device rules of the container forbid it.',
    remedy: 'Pass the device itself (--device, or the device plugin), not a bind mount of /dev/dri.',
  },
  'not-intel': {
    weight: 'note',
    title: 'the GPU of another maker',
    meaning: 'Quick Sync is in Intel GPUs only.',
    remedy: 'Nothing to repair: this GPU is left alone.',
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
    meaning: 'The VA library found no iHD_drv_video.so: FFmpeg says "Failed to initialise VAAPI connection".',
    remedy:
      'Install intel-media-va-driver-non-free (Debian: component non-free; Ubuntu: multiverse), or set LIBVA_DRIVERS_PATH to the folder of the driver.',
  },
  'va-driver-fails': {
    weight: 'blocks',
    title: 'the VA driver does not take the GPU',
    meaning:
      'The file iHD_drv_video.so is there and does not start: mostly it is older than the GPU, or the GPU is older than Broadwell.',
    remedy:
      'Install a newer intel-media-va-driver-non-free (backports, or the packages of Intel), and a kernel of its time.',
  },
  'runtime-missing': {
    weight: 'blocks',
    title: 'the VPL runtime is missing',
    meaning:
      'The VA driver works, and FFmpeg cannot make an MFX session (exit status 171, MFX error -9): there is no runtime for this generation.',
    remedy:
      'Tiger Lake and later need libmfx-gen1.2; Broadwell to Ice Lake need the Media SDK (libmfx1, up to Debian 12 and Ubuntu 24.04). A runtime elsewhere is found through ONEVPL_SEARCH_PATH.',
  },
  'runtime-refuses': {
    weight: 'blocks',
    title: 'the VPL runtime refuses a session',
    meaning:
      'A runtime is installed, and FFmpeg cannot make an MFX session with it: it is one for another generation, or older than the GPU.',
    remedy:
      'Install the runtime of the generation, newer than the GPU; `vpl-inspect` (package libvpl-tools) lists what the dispatcher finds.',
  },
  'encodes-refused': {
    weight: 'blocks',
    title: 'every trial encode is refused',
    meaning:
      'A session opens, and the runtime refuses every codec: driver, runtime and kernel do not fit together, or the GPU has no encoders.',
    remedy: 'Bring kernel, VA driver and runtime to releases of the same time.',
  },
  'device-fails': {
    weight: 'blocks',
    title: 'the GPU fails or hangs',
    meaning: 'Trial encodes end with a lost device or do not end at all.',
    remedy:
      'Read the kernel log (`dmesg | grep -iE "i915|xe |huc|guc|gpu hang"`), then restart the machine; update kernel and firmware.',
  },
  'huc-missing': {
    weight: 'limits',
    title: 'HuC firmware is not loaded',
    meaning:
      'The low-power encoder takes a constant quantizer and refuses bit rates: rate control on it runs in HuC firmware.',
    remedy:
      'Install the firmware, put `options i915 enable_guc=2` (3 from Alder Lake on) into /etc/modprobe.d/i915.conf, renew the initramfs and restart; xe loads it by itself. `/sys/kernel/debug/dri/*/gt*/uc/huc_info` (as root) shows whether it runs.',
  },
  'low-power-refused': {
    weight: 'limits',
    title: 'no low-power encoding',
    meaning: 'Only the full-feature encoder works, which takes time of the shader cores.',
    remedy: 'Nothing where the generation has no low-power encoder for the codec; else see the HuC firmware.',
  },
  'low-power-only': {
    weight: 'note',
    title: 'low-power encoding only',
    meaning:
      'The full-feature encoder is refused: Arc and later have none, and before them it needs the non-free build of the VA driver.',
    remedy: 'Nothing on Arc and later; before them replace intel-media-va-driver by intel-media-va-driver-non-free.',
  },
  'codec-absent': {
    weight: 'note',
    title: 'a codec that the GPU does not encode',
    meaning:
      'HEVC is encoded from Skylake on, in 10 bits from Kaby Lake, VP9 from Ice Lake, AV1 from Arc (DG2) and Meteor Lake.',
    remedy: 'Choose another codec, or let it be encoded on the CPU (`acceleration: Preferred`).',
  },
  'codec-refused': {
    weight: 'limits',
    title: 'a codec that should work is refused',
    meaning: 'The generation encodes the codec, and the trials with it failed.',
    remedy:
      'Bring kernel, VA driver and runtime up to date; with the free build of the VA driver change to the non-free one.',
  },
  'filters-refused': {
    weight: 'limits',
    title: 'Quick Sync encodes and does not filter',
    meaning: 'Trials through vpp_qsv failed, so that pictures are scaled and converted on the CPU.',
    remedy: 'Install the non-free build of the VA driver: the free one lacks the kernels for processing.',
  },
  'xe-driver': {
    weight: 'note',
    title: 'the GPU is driven by xe',
    meaning: 'In Kubernetes the Intel device plugin offers it as gpu.intel.com/xe instead of gpu.intel.com/i915.',
    remedy: 'Give a pool of such nodes the resource gpu.intel.com/xe.',
  },
} as const satisfies Record<string, DeviceCause>;

export type CauseName = keyof typeof table;

export const deviceCauses: Readonly<Record<CauseName, DeviceCause>> = table;

export function isCause(name: string): name is CauseName {
  return Object.hasOwn(table, name);
}

/** One cause that was recognised. */
export interface Finding {
  readonly cause: CauseName;
  /** The render node that it is about; absent when it is about the machine. */
  readonly node?: string;
  /** What was seen, in one sentence. */
  readonly seen: string;
  /** Commands that repair it, the most fitting one first; each with the place where it is run, as a shell comment. */
  readonly commands: readonly string[];
}
