/** What an event is about and says. Two that agree in all of it are one series. */
export interface EventFacts {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  /** One word, CamelCase. */
  readonly reason: string;
  /** What was done: one word, CamelCase. */
  readonly action: string;
  /** One sentence; cut to the 1024 bytes that an event may hold. */
  readonly note: string;
}

/** An event that was written, or is about to be. */
export interface Series {
  readonly facts: EventFacts;
  /** Name of the Event object. */
  readonly name: string;
  /** Unix milliseconds. */
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** How much of `count` the API server knows. */
  written: number;
}

/** A series in which nothing happened for this long has ended: the next one is a new event (as client-go has it). */
export const seriesEndMs = 360_000;

export function seriesKey({ regarding, type, reason, action, note }: EventFacts): string {
  return JSON.stringify([regarding.uid, type, reason, action, note]);
}
