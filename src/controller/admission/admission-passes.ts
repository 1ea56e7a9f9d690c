import type { Clock } from '../../ports/clock.ts';
import type { StageRunner } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import { admit } from './admit.ts';
import type { JobIndex } from './job-index.ts';

interface Ports {
  readonly runner: StageRunner;
  readonly clock: Clock;
}

export interface AdmissionListener {
  /** The admission of a job has changed. */
  readonly changed: (key: string, admitted: boolean) => void;
  readonly error: (error: unknown) => void;
}

const longestPauseMs = 100;
const retryMs = 1000;

/** Decides about all queued jobs together, soon after a change that may admit one of them. */
export class AdmissionPasses {
  readonly #ports: Ports;
  readonly #index: JobIndex;
  readonly #policy: Policy;
  readonly #listener: AdmissionListener;
  #pass: { again: boolean } | undefined;
  #lastPassMs = 0;

  constructor(ports: Ports, index: JobIndex, policy: Policy, listener: AdmissionListener) {
    this.#ports = ports;
    this.#index = index;
    this.#policy = policy;
    this.#listener = listener;
  }

  /** Schedules a pass; calls during a pass lead to one further pass, not to many. */
  schedule(): void {
    if (this.#pass !== undefined) {
      this.#pass.again = true;
      return;
    }
    const pass = { again: false };
    this.#pass = pass;
    // A pass over a long queue takes a while: a burst of changes must leave the process time for other work.
    const pause = Math.min(longestPauseMs, 4 * this.#lastPassMs);
    setTimeout(() => {
      this.#run()
        .catch((error: unknown) => {
          this.#listener.error(error);
          setTimeout(() => this.schedule(), retryMs).unref();
        })
        .finally(() => {
          this.#pass = undefined;
          if (pass.again) this.schedule();
        });
    }, pause);
  }

  async #run(): Promise<void> {
    const { runner, clock } = this.#ports;
    const pools = await runner.slots();
    const startedAt = clock.monotonic();
    const now = clock.now();
    const holding = this.#index.holding(pools[0]?.pool ?? 'default');
    const admissions = admit({ queued: this.#index.queued(now), holding, pools, now, policy: this.#policy });
    for (const { key, admitted } of this.#index.applyAdmissions(admissions)) this.#listener.changed(key, admitted);
    this.#lastPassMs = clock.monotonic() - startedAt;
  }
}
