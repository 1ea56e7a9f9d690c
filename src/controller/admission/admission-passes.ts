import type { Clock } from '../../ports/clock.ts';
import type { StageRunner } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import { admit } from './admit.ts';
import type { JobIndex } from './job-index.ts';

interface Ports {
  readonly runner: StageRunner;
  readonly clock: Clock;
}

export interface AdmissionNews {
  /** The verdict on a job is another one now. */
  readonly changed: (key: string, admitted: boolean) => void;
  readonly error: (error: unknown) => void;
}

const longestRestMs = 100;
const retryMs = 1000;

/** Judges all waiting jobs together, soon after something happened that may let one of them in. */
export class AdmissionPasses {
  readonly #ports: Ports;
  readonly #index: JobIndex;
  readonly #policy: Policy;
  readonly #news: AdmissionNews;
  #pass: { again: boolean } | undefined;
  #tookMs = 0;

  constructor(ports: Ports, index: JobIndex, policy: Policy, news: AdmissionNews) {
    this.#ports = ports;
    this.#index = index;
    this.#policy = policy;
    this.#news = news;
  }

  /** Has one pass run soon; calls during a pass lead to one more, not to many. */
  soon(): void {
    if (this.#pass !== undefined) {
      this.#pass.again = true;
      return;
    }
    const pass = { again: false };
    this.#pass = pass;
    // A pass over a long queue takes a while: a burst of news must not keep the process busy with nothing else.
    const rest = Math.min(longestRestMs, 4 * this.#tookMs);
    setTimeout(() => {
      this.#run()
        .catch((error: unknown) => {
          this.#news.error(error);
          setTimeout(() => this.soon(), retryMs).unref();
        })
        .finally(() => {
          this.#pass = undefined;
          if (pass.again) this.soon();
        });
    }, rest);
  }

  async #run(): Promise<void> {
    const { runner, clock } = this.#ports;
    const pools = await runner.slots();
    const began = clock.monotonic();
    const now = clock.now();
    const holding = this.#index.holding(pools[0]?.pool ?? 'default');
    const verdicts = admit(this.#index.queued(now), holding, pools, now, this.#policy);
    for (const { key, admitted } of this.#index.takeVerdicts(verdicts)) this.#news.changed(key, admitted);
    this.#tookMs = clock.monotonic() - began;
  }
}
