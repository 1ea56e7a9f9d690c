/** Variables that only the worker needs, and those that look like a secret: a decoder of hostile files gets neither. */
const withheld = /^(FRAMEWRIGHT|AWS|NATS|KUBERNETES|NODE)_|SECRET|TOKEN|PASSW|CREDENTIAL|API_?KEY/i;

/** The environment for FFmpeg and ffprobe: what drivers, fonts and the loader need, without secrets. */
export function toolEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !withheld.test(name)) kept[name] = value;
  }
  return kept;
}
