import { z } from 'zod';
import { apiVerbs, commaList, optionalPath, path, type SettingGroup, verbs, wholeNumber } from './setting.ts';

/** Where inputs may come from. */
export const sourceSettings = {
  mediaRoot: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_MEDIA_ROOT',
    flag: 'media-root',
    schema: optionalPath,
    default: '',
    about: 'Folder that inputs of kind `file` are read from; such inputs are rejected when empty.',
  },
  hosts: {
    verbs,
    variable: 'FRAMEWRIGHT_SOURCE_HOSTS',
    schema: commaList,
    default: '*',
    about:
      'Hosts that URL inputs may come from, separated by commas; `*` is any public host, `*.example.com` its subdomains.',
  },
  allowedRanges: {
    verbs,
    variable: 'FRAMEWRIGHT_ALLOWED_SOURCE_RANGES',
    schema: commaList,
    default: '',
    about: 'Private address ranges (CIDR) that URL inputs may come from nevertheless.',
  },
  maxInputBytes: {
    verbs,
    variable: 'FRAMEWRIGHT_MAX_INPUT_BYTES',
    schema: wholeNumber(1, 1e15),
    default: String(100 * 1024 ** 3),
    about: 'Largest fetched input in bytes.',
  },
} as const satisfies SettingGroup;

/** FFmpeg and the GPUs of this machine. */
export const mediaSettings = {
  ffmpeg: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_FFMPEG',
    schema: z.string().min(1),
    default: 'ffmpeg',
    about: 'The ffmpeg program.',
  },
  ffprobe: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_FFPROBE',
    schema: z.string().min(1),
    default: 'ffprobe',
    about: 'The ffprobe program.',
  },
  driDir: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_DRI_DIR',
    schema: path,
    default: '/dev/dri',
    about: 'Folder of the render nodes; another one in tests and where a host shows its devices elsewhere.',
  },
  drmClassDir: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_DRM_CLASS_DIR',
    schema: path,
    default: '/sys/class/drm',
    about: 'Folder in which the kernel describes the render nodes: their maker and driver.',
  },
} as const satisfies SettingGroup;
