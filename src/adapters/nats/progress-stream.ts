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
  /** How long the last message of a job is kept. */
  readonly maxAgeSeconds: number;
}

/** Old progress has little value, and each worker sends it again within half a second: memory, one copy, one hour. */
export const defaultStream: ProgressStreamSettings = { storage: 'memory', replicas: 1, maxAgeSeconds: 3600 };

export const streamName = 'FRAMEWRIGHT_PROGRESS';

/** Jobs whose last message is kept; beyond that, the stream and every reader drop the oldest. */
export const maxJobs = 50_000;

type WantedConfig = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;

/** One message per job and attempt: a slow reader skips to the newest. */
export function streamConfig({ storage, replicas, maxAgeSeconds }: ProgressStreamSettings): WantedConfig {
  return {
    name: streamName,
    description: 'Progress of render jobs: the last message of each attempt.',
    subjects: [everyProgressSubject],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    max_msgs: maxJobs,
    max_bytes: maxJobs * 1024,
    max_msg_size: maxMessageBytes,
    max_age: nanos(maxAgeSeconds * 1000),
    // Must not be longer than the age limit.
    duplicate_window: nanos(Math.min(maxAgeSeconds, 60) * 1000),
    // Publishers do not wait for an acknowledgement.
    no_ack: true,
  };
}

/** Creates the stream, or updates an existing one to these settings. Idempotent, and safe when several processes do so. */
export async function ensureStream(jsm: JetStreamManager, wanted: WantedConfig): Promise<void> {
  const config = await configOf(jsm, wanted.name);
  if (config === undefined) await jsm.streams.add(wanted);
  else if (differs(config, wanted)) {
    const { storage: _unchangeable, ...changes } = wanted;
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

/** Without the storage, which cannot be changed after the stream was created. */
function differs(config: StreamConfig, { storage: _unchangeable, ...wanted }: WantedConfig): boolean {
  const now: Partial<StreamConfig> = config;
  return Object.entries(wanted).some(
    ([key, value]) => JSON.stringify(Object.entries(now).find(([name]) => name === key)?.[1]) !== JSON.stringify(value),
  );
}
