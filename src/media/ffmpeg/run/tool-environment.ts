/** Variables that only the worker needs, and those that may be a secret: a decoder of hostile files gets neither. */
const withheld = /^(FRAMEWRIGHT|AWS|NATS|KUBERNETES|NODE)_|SECRET|TOKEN|PASSW|CREDENTIAL|API_?KEY/i;

/** The environment for FFmpeg and ffprobe: what drivers, fonts and the loader need, without secrets. */
export function toolEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !withheld.test(name)) kept[name] = value;
  }
  return kept;
}

/** Variables that select other libraries and drivers, with which the same FFmpeg finds another GPU or none. */
const choosing = /^(LD_|LIBVA_|ONEVPL_|MFX_)/;

/** The part of an environment on which the abilities of a GPU depend, in order. */
export function driverSettings(env: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(env)
    .filter(([name]) => choosing.test(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}
