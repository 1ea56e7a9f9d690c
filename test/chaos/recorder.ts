import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ApiError } from '../../src/adapters/kubernetes/client/api-error.ts';
import { jsonLines } from '../../src/adapters/kubernetes/client/json-lines.ts';
import type { Transport } from '../../src/adapters/kubernetes/client/transport.ts';
import { isRecord } from '../../src/lib/json.ts';
import { chaosLines } from './chaos-runs.ts';
import {
  eventRecord,
  jobRecord,
  type Kind,
  podRecord,
  type Recorded,
  type Recording,
  renderJobRecord,
} from './history.ts';

const collections: Readonly<Record<Kind, string>> = {
  RenderJob: '/apis/framewright.dev/v1alpha1/namespaces/NAMESPACE/renderjobs',
  Job: '/apis/batch/v1/namespaces/NAMESPACE/jobs',
  Pod: '/api/v1/namespaces/NAMESPACE/pods',
  Event: '/apis/events.k8s.io/v1/namespaces/NAMESPACE/events',
};
const listed = z.looseObject({
  items: z.array(z.unknown()),
  metadata: z.looseObject({ resourceVersion: z.string() }),
});
const listedObject = z.looseObject({ metadata: z.looseObject({ uid: z.string(), resourceVersion: z.string() }) });
const kinds = ['RenderJob', 'Job', 'Pod', 'Event'] as const;
const changes = ['ADDED', 'MODIFIED', 'DELETED'] as const;

/**
 * Every change in a namespace, in the order in which the API server made them: raw watches over a connection of its
 * own that no fault touches. What the product's caches believe plays no part.
 */
export class Recorder implements AsyncDisposable {
  readonly history: Recorded[] = [];
  readonly #transport: Transport;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #watching: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  readonly #present = new Map<string, Recorded>();
  readonly #deleted = new Set<string>();
  #broken: unknown;

  private constructor(transport: Transport, namespace: string, version: string) {
    this.#transport = transport;
    this.#namespace = namespace;
    this.#watching = Promise.all(kinds.map((kind) => this.#follow(kind, version)));
  }

  /** Knows everything from the call on; the namespace has to be empty of what it records. */
  static async start(transport: Transport, namespace: string): Promise<Recorder> {
    const list = await transport.request({ path: pathOf('RenderJob', namespace) });
    const found = isRecord(list) && isRecord(list['metadata']) ? list['metadata']['resourceVersion'] : undefined;
    if (typeof found !== 'string') throw new Error('Expected a list with a version');
    return new Recorder(transport, namespace, found);
  }

  /** The present objects, as of the last events of the watches. */
  present<K extends Kind>(kind: K): Recording<K>[];
  present(kind: Kind): Recorded['object'][] {
    return [...this.#present.values()].flatMap((entry) => (entry.kind === kind ? [entry.object] : []));
  }

  /**
   * Resolves when `holds` is true, immediately or after a change.
   *
   * @throws Error after `timeoutMs`, with the history
   */
  async until(what: string, holds: () => boolean, timeoutMs = 60_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!holds()) {
      const left = deadline - performance.now();
      if (this.#broken !== undefined) throw new Error('the recorder lost its watch', { cause: this.#broken });
      if (left <= 0) throw new Error(`Expected ${what} within ${timeoutMs / 1000} s, got\n${this.describe()}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, Math.min(left, 1_000));
      this.#waiting.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#waiting.delete(resolve);
    }
  }

  /**
   * Waits for a second in which nothing in the namespace is written.
   *
   * @param sent counts the writes of the observed operators, including those that changed nothing
   * @throws Error when there is none: an operator writes although nothing happens
   */
  async quiet(sent: () => number = () => 0, timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const before = this.history.length + sent();
      await sleep(1_000);
      if (this.history.length + sent() === before) return;
      if (performance.now() > deadline) {
        throw new Error(`Expected a second without a write within ${timeoutMs / 1000} s, got\n${this.describe(20)}`);
      }
    }
  }

  /** Resolves when the watches have delivered everything that the API server had at the time of the call. */
  async caughtUp(): Promise<void> {
    const lists = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await this.#list(kind)) })));
    const known = (): boolean =>
      lists.every(({ kind, version, objects }) => {
        const delivered = [...objects].every(([uid, at]) => this.#deleted.has(uid) || this.#versionOf(uid) >= at);
        const left = [...this.#present.values()].some(
          (entry) => entry.kind === kind && !objects.has(entry.object.metadata.uid) && entry.version <= version,
        );
        return delivered && !left;
      });
    await this.until('the recorder to have received everything', known);
  }

  /** The last changes, one per line. */
  describe(last = chaosLines()): string {
    return this.history.slice(-last).map(describeChange).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  /** Continues where a watch broke; when the server no longer has that version, all objects count as changed. */
  async #follow(kind: Kind, from: string): Promise<void> {
    const { signal } = this.#stop;
    let version: string | undefined = from;
    while (!signal.aborted) {
      try {
        version ??= await this.#reread(kind);
        const query = { watch: true, resourceVersion: version, timeoutSeconds: 3600 };
        const stream = await this.#transport.stream({ path: pathOf(kind, this.#namespace), query, signal });
        for await (const line of jsonLines(stream)) {
          if (isRecord(line) && line['type'] === 'ERROR') throw new ApiError(410, JSON.stringify(line), 'watch');
          version = this.#record(kind, line);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError) version = undefined;
        else if (error instanceof z.ZodError) this.#broken ??= error;
      }
      await sleep(100, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * Needed only after a restart of the API server, which has no earlier history. The order of the changes in between is
   * unknown: each counts as of the time when its object was last observed.
   */
  async #reread(kind: Kind): Promise<string> {
    const { version, objects, items } = await this.#list(kind);
    for (const object of items) {
      const { uid, resourceVersion } = listedObject.parse(object).metadata;
      const known = this.#present.get(uid);
      if (known?.object.metadata.resourceVersion === resourceVersion) continue;
      this.#record(kind, { type: known === undefined ? 'ADDED' : 'MODIFIED', object }, { lastSeen: known?.object });
    }
    for (const { kind: of, object } of this.#present.values()) {
      if (of !== kind || objects.has(object.metadata.uid)) continue;
      this.#record(kind, { type: 'DELETED', object }, { lastSeen: object });
    }
    return String(version);
  }

  async #list(kind: Kind): Promise<{ version: bigint; objects: Map<string, bigint>; items: readonly unknown[] }> {
    const path = pathOf(kind, this.#namespace);
    const { items, metadata } = listed.parse(await this.#transport.request({ path, signal: this.#stop.signal }));
    const found = items.map((item) => listedObject.parse(item).metadata);
    const objects = new Map(found.map(({ uid, resourceVersion }) => [uid, BigInt(resourceVersion)]));
    return { version: BigInt(metadata.resourceVersion), objects, items };
  }

  #versionOf(uid: string): bigint {
    return BigInt(this.#present.get(uid)?.object.metadata.resourceVersion ?? 0);
  }

  #record(kind: Kind, line: unknown, gap?: Gap): string {
    const event = isRecord(line) ? line : {};
    const type = changes.find((known) => known === event['type']);
    if (type === undefined) throw new Error(`Expected a change of a ${kind}, got ${JSON.stringify(line)}`);
    const entry = recordedOf(kind, type, event['object'], gap);
    // Four watches, one history: versions are those of etcd and count every write.
    let at = this.history.length;
    while (at > 0 && (this.history[at - 1]?.version ?? 0n) > entry.version) at -= 1;
    this.history.splice(at, 0, entry);
    const { uid } = entry.object.metadata;
    if (type === 'DELETED') {
      this.#present.delete(uid);
      this.#deleted.add(uid);
    } else this.#present.set(uid, entry);
    for (const resolve of this.#waiting) resolve();
    return entry.object.metadata.resourceVersion;
  }
}

/** Missing changes, and the object as it was before them. */
interface Gap {
  readonly lastSeen: Recorded['object'] | undefined;
}

function recordedOf(kind: Kind, type: Recorded['type'], recorded: unknown, gap: Gap | undefined): Recorded {
  const of = { type, receivedAt: performance.now(), afterGap: gap !== undefined };
  const versionOf = (object: Recorded['object']): bigint => BigInt((gap?.lastSeen ?? object).metadata.resourceVersion);
  switch (kind) {
    case 'RenderJob': {
      const object = renderJobRecord.parse(recorded);
      return { kind, object, version: versionOf(object), ...of };
    }
    case 'Job': {
      const object = jobRecord.parse(recorded);
      return { kind, object, version: versionOf(object), ...of };
    }
    case 'Pod': {
      const object = podRecord.parse(recorded);
      return { kind, object, version: versionOf(object), ...of };
    }
    case 'Event': {
      const object = eventRecord.parse(recorded);
      return { kind, object, version: versionOf(object), ...of };
    }
  }
}

/** One change as one line, with what a reader of a failed run looks for. */
function describeChange({ kind, type, version, object }: Recorded): string {
  const removing = object.metadata.deletionTimestamp === undefined ? '' : ' (being removed)';
  const { name, uid } = object.metadata;
  const who = kind === 'RenderJob' && type !== 'MODIFIED' ? `${name} (${uid})` : name;
  const line = `${version} ${type} ${kind} ${who}${removing}`;
  return `${line} ${detailOf(object)}`;
}

function detailOf(object: Recorded['object']): string {
  const { status, spec } = partsOf(object);
  return JSON.stringify({ ...pick(spec, ['suspend', 'cancelled', 'nodeName']), ...pick(status, shown) });
}

const shown = ['phase', 'reason', 'message', 'attempt', 'failures', 'disruptions', 'conditions', 'progress'];

function partsOf(object: Recorded['object']): { status: unknown; spec: unknown } {
  return { status: object['status'], spec: object['spec'] };
}

function pick(from: unknown, names: readonly string[]): object {
  if (!isRecord(from)) return {};
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, short(name, from[name])]] : [])));
}

function short(name: string, value: unknown): unknown {
  if (name !== 'conditions' || !Array.isArray(value)) return value;
  return value.filter(isRecord).map(({ type, status }) => `${String(type)}=${String(status)}`);
}

function pathOf(kind: Kind, namespace: string): string {
  return collections[kind].replace('NAMESPACE', namespace);
}
