import { InProcessBus } from '../../src/adapters/in-process/in-process-bus.ts';
import type { Credentials } from '../../src/adapters/kubernetes/client/credentials.ts';
import { Transport } from '../../src/adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../src/adapters/kubernetes/jobs/kubernetes-job-store.ts';
import type { Pool } from '../../src/adapters/kubernetes/pools/pool.ts';
import { KubernetesStageRunner } from '../../src/adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import type { OpenedStore } from '../../src/adapters/object-store/open-store.ts';
import { Controller } from '../../src/controller/controller.ts';
import { defaultPolicy, type Policy } from '../../src/controller/policies/policy.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';
import { sweepOrphanedFiles } from '../../src/processes/operator/orphan-sweep.ts';
import { type Fault, FaultProxy, type SeenCall } from '../support/fault-proxy.ts';
import { type Death, Mortality } from './mortality.ts';

export interface OperatorSurroundings {
  readonly credentials: Credentials;
  readonly namespace: string;
  readonly objects: OpenedStore;
  readonly pools: readonly Pool[];
}

/** Under which its workers publish. */
export const installation = 'chaos';

/** Waits as short as they can be, so that minutes of a cluster's life fit into seconds. */
const hastyPolicy: Policy = {
  ...defaultPolicy,
  graceMs: 1_000,
  backoffSeconds: 0.1,
  maxBackoffSeconds: 0.5,
  maxDisruptions: 4,
  statusProgressIntervalMs: 300,
  otherNodes: true,
};

const watch = { silenceMs: 4_000, backoff: { baseMs: 50, maxMs: 500 } };

/** The real store, runner and controller behind a proxy of their own, without a lease: two of them run together. */
export class ChaosOperator implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly life: Mortality;
  readonly bus = new InProcessBus();
  readonly errors: string[] = [];
  /** What the network does to a call; asked while the operator lives. */
  fault: (call: SeenCall) => Fault | undefined = () => undefined;
  readonly #stack = new AsyncDisposableStack();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(proxy: FaultProxy, life: Mortality, surroundings: OperatorSurroundings) {
    const { credentials, namespace, objects, pools } = surroundings;
    this.proxy = proxy;
    this.life = life;
    this.#stack.use(proxy);
    proxy.fault = (call) => life.faultOf(call) ?? this.fault(call);
    const onError = (error: unknown, during: string): void => this.#note(during, error);
    const transport = this.#stack.use(
      new Transport({ ...credentials, server: proxy.url }, { userAgent: 'framewright-chaos', timeoutMs: 2_000 }),
    );
    const store = this.#stack.use(
      new KubernetesJobStore(transport, { clock, defaultTtlSeconds: 3_600, namespace, watch, onError }),
    );
    const runner = this.#stack.use(
      new KubernetesStageRunner(transport, {
        pools,
        namespace,
        graceSeconds: 1,
        timeoutSlackSeconds: 30,
        watch,
        onError,
      }),
    );
    const controller = new Controller(
      { store, runner, bus: this.bus, objects: life.limit(objects), clock },
      { policy: hastyPolicy, expiryIntervalMs: 500, observer: { error: (what, error) => this.#note(what, error) } },
    );
    // As a new leader does, for one that died.
    const swept = Promise.all([store.whenSynced(), runner.slots()])
      .then(() => sweepOrphanedFiles(life.limit(objects), store, { installation, olderThan: Infinity }))
      .catch((error: unknown) => this.#note('sweep', error));
    this.#running = Promise.all([controller.run(this.#stop.signal), swept]).then(() => undefined);
  }

  static async start(surroundings: OperatorSurroundings, death?: Death): Promise<ChaosOperator> {
    const { proxy } = await FaultProxy.before(surroundings.credentials);
    return new ChaosOperator(proxy, new Mortality(death), surroundings);
  }

  /** From now on nothing of it reaches the server, and all that it knew is lost. */
  async kill(): Promise<void> {
    this.life.kill();
    this.proxy.resetAll();
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the operator was ended'));
    await this.#stack.disposeAsync();
    await this.#running;
  }

  #note(what: string, error: unknown): void {
    this.errors.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
