/** The content of an event. Two events that are equal in all of it belong to one series. */
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
  /** The action: one word, CamelCase. */
  readonly action: string;
  /** One sentence; cut to the 1024 bytes that an event may hold. */
  readonly note: string;
}

/** An event that was written or waits to be written. */
export interface Series {
  readonly facts: EventFacts;
  /** Name of the Event object. */
  readonly name: string;
  /** Unix milliseconds. */
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** The part of `count` that was written to the API server. */
  written: number;
}

/** A series without an event for this long has ended: the next one is a new event (as in client-go). */
export const seriesEndMs = 360_000;

export function seriesKey({ regarding, type, reason, action, note }: EventFacts): string {
  return JSON.stringify([regarding.uid, type, reason, action, note]);
}
