import { onOff, type SettingGroup, verbs, wholeNumber } from './setting.ts';

const operator = ['operator'] as const;

/** How long attempts and finished jobs last. */
export const jobSettings = {
  timeoutSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_TIMEOUT_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '21600',
    about: 'Longest time of one attempt; `timeoutSeconds` of a job overrides it.',
  },
  stallSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_STALL_SECONDS',
    schema: wholeNumber(1, 86_400),
    default: '120',
    about: 'An encoder without progress for this long is stopped.',
  },
  ttlSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_TTL_SECONDS',
    schema: wholeNumber(0, 31_536_000),
    default: '604800',
    about: 'How long finished jobs and their files are kept.',
  },
} as const satisfies SettingGroup;

/** When stages start on a cluster, how long a start may take, and when the clean-up of a removed job is abandoned. */
export const admissionSettings = {
  lookAhead: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_LOOK_AHEAD',
    schema: wholeNumber(0, 1000),
    default: '1',
    about: 'Stages per device plugin pool that are started beyond its slots, so that a freed slot is not idle.',
  },
  kueue: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_KUEUE',
    schema: onOff,
    default: 'off',
    about: 'Whether jobs with `spec.queue` are handed to Kueue, which must be installed; `on` or `off`.',
  },
  cannotStartSeconds: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_CANNOT_START_SECONDS',
    schema: wholeNumber(10, 86_400),
    default: '300',
    about:
      'How long a pod may be rejected, its image fail to be pulled or its container fail to be created, before its attempt ends.',
  },
  startSeconds: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_START_SECONDS',
    schema: wholeNumber(10, 86_400),
    default: '1800',
    about:
      'How long the start of a pod on its node may take while no fault is reported; pulling a large image takes long.',
  },
  unschedulableSeconds: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_UNSCHEDULABLE_SECONDS',
    schema: wholeNumber(10, 604_800),
    default: '21600',
    about: 'How long a pod may wait for a node before its attempt ends; with a look-ahead, longer than a render takes.',
  },
  nodeSilenceSeconds: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_NODE_SILENCE_SECONDS',
    schema: wholeNumber(1, 86_400),
    default: '120',
    about:
      'A pod that should have ended this long ago, and whose node reports nothing, is lost: its job is retried on another node.',
  },
  cleanUpSeconds: {
    verbs: operator,
    variable: 'FRAMEWRIGHT_CLEAN_UP_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '3600',
    about: 'How long the removal of the files of a removed job is retried before its record is deleted without it.',
  },
} as const satisfies SettingGroup;
