import { onOff, type Setting, wholeNumber } from './setting.ts';

const verbs = ['operator'] as const;

/** When stages start, how long a start may take, and when a removed job is given up on. */
export const admissionSettings = {
  lookAhead: {
    verbs,
    variable: 'FRAMEWRIGHT_LOOK_AHEAD',
    schema: wholeNumber(0, 1000),
    default: '1',
    about: 'Stages per pool that are started beyond its slots, so that a freed slot is not idle.',
  },
  kueue: {
    verbs,
    variable: 'FRAMEWRIGHT_KUEUE',
    schema: onOff,
    default: 'off',
    about: 'Whether jobs with `spec.queue` are handed to Kueue, which must be installed; `on` or `off`.',
  },
  cannotStartSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_CANNOT_START_SECONDS',
    schema: wholeNumber(10, 86_400),
    default: '300',
    about:
      'How long a pod may be refused, its image not be pulled or its container not be made, before its attempt ends.',
  },
  startSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_START_SECONDS',
    schema: wholeNumber(10, 86_400),
    default: '1800',
    about: 'How long the start of a pod on its node may take that reports no fault: a large image takes its time.',
  },
  unschedulableSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_UNSCHEDULABLE_SECONDS',
    schema: wholeNumber(10, 604_800),
    default: '21600',
    about: 'How long a pod may wait for a node before its attempt ends; longer than a render takes with a look-ahead.',
  },
  nodeSilenceSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_NODE_SILENCE_SECONDS',
    schema: wholeNumber(1, 86_400),
    default: '120',
    about:
      'A pod that should have ended this long ago, and whose node says nothing, is lost: its job goes on elsewhere.',
  },
  cleanUpSeconds: {
    verbs,
    variable: 'FRAMEWRIGHT_CLEAN_UP_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '3600',
    about: 'How long the files of a removed job are tried to be removed before the job goes without that.',
  },
} as const satisfies Record<string, Setting>;
