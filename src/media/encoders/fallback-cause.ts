/** Why a backend was not used, as a label of a metric: few values, whatever the reason says in words. */
export const fallbackCauses = [
  'disabled',
  'no-device',
  'no-permission',
  'not-intel',
  'not-opened',
  'no-session',
  'not-built',
  'not-proved',
  'cpu-picture',
  'refused',
  'failed',
  'stalled',
  'other',
] as const;

export type FallbackCause = (typeof fallbackCauses)[number];

/** From the most special to the most general: FFmpeg's words can stand behind ours. */
const patterns: readonly (readonly [RegExp, FallbackCause])[] = [
  [/^acceleration is Disabled/, 'disabled'],
  [/no (usable Intel )?render node/, 'no-device'],
  [/no permission|it cannot be used \(E/, 'no-permission'],
  [/not an Intel GPU/, 'not-intel'],
  [/could not be opened/, 'not-opened'],
  [/no session on|MFX session/i, 'no-session'],
  [/was built without/, 'not-built'],
  [/trial encode|device (encodes|keeps)/, 'not-proved'],
  [/is decoded by the CPU|picked in main memory/, 'cpu-picture'],
  [/Expected progress within/, 'stalled'],
  [/device (is )?(lost|failed)|hang|hung|was ended by/i, 'failed'],
  [/unsupported|not found|invalid video parameters|incompatible|status 218/i, 'refused'],
  [/No usable encoding|not support|Failed to create encode pipeline/i, 'refused'],
  [/^FFmpeg (said|ended)/, 'failed'],
];

/** The class of a reason from the result of a render. */
export function fallbackCause(reason: string): FallbackCause {
  return patterns.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other';
}
