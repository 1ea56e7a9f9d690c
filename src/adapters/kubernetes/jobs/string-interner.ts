import { isRecord } from '../../../lib/json.ts';

/** Enough for the sentences of a controller and the times of a minute or two; then it starts anew. */
const most = 4096;
/** Longer ones are hardly ever the same. */
const longest = 160;

/**
 * Keeps one copy of strings that many objects have: thousands of statuses say the same in the same words, and each its
 * own times several over. That is a third of the memory of a finished job.
 */
export class StringInterner {
  readonly #known = new Map<string, string>();

  /** The same value, its strings replaced by equal ones that are known; in place, so only for what was just parsed. */
  share<T>(value: T): T {
    this.#walk(value);
    return value;
  }

  #walk(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#walk(item);
    if (!isRecord(value)) return;
    for (const [name, member] of Object.entries(value)) {
      if (typeof member !== 'string') this.#walk(member);
      else if (member.length <= longest) Reflect.set(value, name, this.#one(member));
    }
  }

  #one(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size === most) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}
