/** What FFmpeg found when it opened a render node for VA-API and then a Quick Sync session on it. */
export interface DeviceOpening {
  /** Name and version of the VA driver as it reports them; absent when none could be loaded. */
  readonly vaDriver?: string;
  /** Version of the VPL runtime's API, for example 2.14; absent without a session. */
  readonly sessionApi?: string;
  /** The file of the VA driver that libva looked for last. */
  readonly vaDriverFile?: string;
  /** The line of FFmpeg's log that explains the failure; absent when everything opened. */
  readonly vaError?: string;
  readonly sessionError?: string;
}

/** How a process of FFmpeg that opened a device ended. */
interface OpeningRun {
  readonly exitCode?: number | undefined;
  readonly stderr: string;
  /** It did not end by itself in time. */
  readonly timedOut?: boolean;
}

/** Reads the log (level verbose, FFmpeg 5.1 to 7.1) of a process that opened `vaapi` and then `qsv` on a node. */
export function parseOpening({ exitCode, stderr, timedOut = false }: OpeningRun): DeviceOpening {
  const vaDriver =
    /VAAPI driver: (.+?)\.?$/m.exec(stderr)?.[1] ?? /Initialised VAAPI connection: (.+)$/m.exec(stderr)?.[1];
  const vaDriverFile = [...stderr.matchAll(/Trying to open (\S.*)$/gm)].at(-1)?.[1]?.trim();
  const api = /MFX session: (?:API version is .*, )?implementation version is (\d+\.\d+)/.exec(stderr)?.[1];
  const found = {
    ...(vaDriver !== undefined && { vaDriver }),
    ...(vaDriverFile !== undefined && { vaDriverFile }),
    ...(api !== undefined && { sessionApi: api }),
  };
  if (exitCode === 0) return found;
  const error = timedOut ? 'it did not respond in time' : failureLine(stderr);
  return vaDriver === undefined ? { ...found, vaError: error } : { ...found, sessionError: error };
}

const explanations = [
  /Error (creating|initializing|setting) an? (internal )?MFX session.*/i,
  /No VA display found.*/i,
  /Failed to (create a VAAPI device|initiali[sz]e VAAPI connection).*/i,
  /(Unknown|Invalid) device (type|specification).*/i,
  /Device creation failed.*/i,
];

function failureLine(stderr: string): string {
  for (const pattern of explanations) {
    const [line] = pattern.exec(stderr) ?? [];
    if (line !== undefined) return line.trim().slice(0, 160);
  }
  const last = stderr.split('\n').findLast((line) => line.trim() !== '');
  return last === undefined ? 'FFmpeg wrote no message' : last.trim().slice(0, 160);
}
