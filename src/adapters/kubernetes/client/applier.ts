import { type ApiObject, isApiObject } from './api-object.ts';
import { contains } from './containment.ts';
import type { Transport } from './transport.ts';

export interface ApplyRequest {
  /** Of the object itself, or of its subresource. */
  readonly path: string;
  /** Every field that we want to own, and no other, with apiVersion, kind and name. */
  readonly intent: object;
  /** The object as it is known, to find out that nothing needs to be said. */
  readonly live?: ApiObject | undefined;
  /** Take fields over from other managers; otherwise that is a conflict (409). */
  readonly force?: boolean;
}

/** How many intents are remembered: enough for every object that changes within minutes. */
const remembered = 20_000;

/**
 * Server-side apply under a field manager of our own, which says nothing twice: when the last intent was the same and
 * the object still says it, no request is made. The first intent after a start is always sent, because fields of an
 * earlier version of us may have to go; where nothing changes the API server writes nothing.
 */
export class Applier {
  readonly #transport: Transport;
  readonly #manager: string;
  readonly #applied = new Map<string, string>();

  constructor(transport: Transport, manager: string) {
    this.#transport = transport;
    this.#manager = manager;
  }

  /**
   * @returns the object as it is now, and whether a request was made
   * @throws ApiError 409 when another manager owns a field and `force` is not set
   */
  async apply({ path, intent, live, force = false }: ApplyRequest): Promise<{ object: ApiObject; sent: boolean }> {
    const text = JSON.stringify(intent);
    if (live !== undefined && this.#applied.get(keyOf(path, live)) === text && contains(live, intent)) {
      return { object: live, sent: false };
    }
    const object = await this.#transport.request({
      method: 'PATCH',
      path,
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: this.#manager, force },
      body: intent,
    });
    if (!isApiObject(object)) throw new Error(`Expected ${path} to answer with an object`);
    this.#remember(keyOf(path, object), text);
    return { object, sent: true };
  }

  #remember(key: string, text: string): void {
    this.#applied.delete(key);
    this.#applied.set(key, text);
    if (this.#applied.size <= remembered) return;
    const [oldest] = this.#applied.keys();
    if (oldest !== undefined) this.#applied.delete(oldest);
  }
}

/** A successor of the same name has been told nothing yet. */
function keyOf(path: string, { metadata: { uid } }: ApiObject): string {
  return `${path} ${uid}`;
}
