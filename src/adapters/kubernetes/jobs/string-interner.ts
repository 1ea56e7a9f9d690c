import { isRecord } from '../../../lib/json.ts';

/** Enough for the messages of a controller and the times of a minute or two; then the table is cleared. */
const maxStrings = 4096;
/** Longer strings are hardly ever equal. */
const maxLength = 160;

/**
 * Keeps one copy of strings that many objects contain: thousands of statuses have the same messages, and each has its own
 * times several times. That saves a third of the memory of a finished job.
 */
export class StringInterner {
  readonly #known = new Map<string, string>();

  /** Replaces strings by known equal ones. Modifies the value: only for freshly parsed JSON. */
  share<T>(value: T): T {
    this.#walk(value);
    return value;
  }

  #walk(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#walk(item);
    if (!isRecord(value)) return;
    for (const [name, member] of Object.entries(value)) {
      if (typeof member !== 'string') this.#walk(member);
      else if (member.length <= maxLength) Reflect.set(value, name, this.#one(member));
    }
  }

  #one(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size === maxStrings) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}
