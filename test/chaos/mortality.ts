import type { OpenedStore } from '../../src/adapters/object-store/open-store.ts';
import { overriddenStore } from '../../src/adapters/object-store/overridden-store.ts';
import type { Fault, SeenCall } from '../support/fault-proxy.ts';

/** Where an operator dies: at its n-th write (from 1), which reaches the server without an answer, or does not reach it. */
export interface Death {
  readonly write: number;
  readonly mode: 'answer lost' | 'never sent';
}

/**
 * The life of one operator within this process. Its writes are counted, and from the moment of its death nothing that
 * it does has any effect: for everyone else that is `kill -9`.
 */
export class Mortality {
  readonly writes: string[] = [];
  readonly died: Promise<void>;
  readonly #die: () => void;
  readonly #death: Death | undefined;
  #dead = false;

  constructor(death?: Death) {
    this.#death = death;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
    this.#die();
  }

  /** What becomes of a call to the API server; undefined lets it pass. */
  faultOf({ method, path }: SeenCall): Fault | undefined {
    if (this.#dead) return { kind: 'reset' };
    if (method === 'GET') return undefined;
    const fate = this.#count(`${method} ${path.split('/').slice(-2).join('/')}`);
    return fate === undefined ? undefined : { kind: fate === 'never sent' ? 'reset' : 'reset-after' };
  }

  /** An object store that this operator can write to for as long as it lives. */
  limit(objects: OpenedStore): OpenedStore {
    return overriddenStore(objects, {
      remove: async (key) => {
        const fate = this.#dead ? 'never sent' : this.#count('REMOVE object');
        if (fate !== 'never sent') await objects.remove(key);
        if (fate !== undefined) throw new Error('killed');
      },
    });
  }

  #count(what: string): Death['mode'] | undefined {
    this.writes.push(what);
    if (this.writes.length !== this.#death?.write) return undefined;
    this.kill();
    return this.#death.mode;
  }
}
