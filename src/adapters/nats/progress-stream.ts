import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { maxMessageBytes } from './progress-message.ts';
import { everyProgressSubject } from './subject.ts';

export interface ProgressStreamSettings {
  readonly storage: 'memory' | 'file';
  /** Servers of the NATS cluster that keep a copy, 1 to 5. */
  readonly replicas: number;
  /** How long the last news of a job is kept. */
  readonly maxAgeSeconds: number;
}

/** News is worth little when it is old, and all of it comes again within half a second: memory, one copy, one hour. */
export const defaultStream: ProgressStreamSettings = { storage: 'memory', replicas: 1, maxAgeSeconds: 3600 };

export const streamName = 'FRAMEWRIGHT_PROGRESS';

/** Jobs whose last news is kept; the stream and every process that reads it forget the oldest beyond that. */
export const mostJobs = 50_000;

type Wanted = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;

/** One message a job and attempt: a reader that falls behind skips to the newest by itself. */
export function streamConfig({ storage, replicas, maxAgeSeconds }: ProgressStreamSettings): Wanted {
  return {
    name: streamName,
    description: 'Progress of render jobs: the last news of each attempt.',
    subjects: [everyProgressSubject],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    max_msgs: mostJobs,
    max_bytes: mostJobs * 1024,
    max_msg_size: maxMessageBytes,
    max_age: nanos(maxAgeSeconds * 1000),
    // Must not be longer than messages live.
    duplicate_window: nanos(Math.min(maxAgeSeconds, 60) * 1000),
    // Nobody waits for it.
    no_ack: true,
  };
}

/** Makes the stream, or brings one that is there to these settings. Idempotent, and safe when several do so at once. */
export async function ensureStream(jsm: JetStreamManager, wanted: Wanted): Promise<void> {
  const config = await configOf(jsm, wanted.name);
  if (config === undefined) await jsm.streams.add(wanted);
  else if (differs(config, wanted)) {
    const { storage: _kept, ...changes } = wanted;
    await jsm.streams.update(wanted.name, { ...config, ...changes });
  }
}

async function configOf(jsm: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

/** Where a stream is stored does not count: it never changes while the stream lives. */
function differs(config: StreamConfig, { storage: _kept, ...wanted }: Wanted): boolean {
  const now: Partial<StreamConfig> = config;
  return Object.entries(wanted).some(
    ([key, value]) => JSON.stringify(Object.entries(now).find(([name]) => name === key)?.[1]) !== JSON.stringify(value),
  );
}
