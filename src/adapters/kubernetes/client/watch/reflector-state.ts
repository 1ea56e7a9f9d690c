import { isExpired } from '../api-error.ts';

/** What a reflector does now. `failures` counts the rounds in a row that brought nothing. */
export type ReflectorState =
  /** It reads everything, then goes on watching. */
  | { readonly name: 'listing'; readonly failures: number }
  /** It watches the changes after a version. */
  | { readonly name: 'watching'; readonly version: string; readonly failures: number }
  /** It waits, then lists or watches again. */
  | { readonly name: 'backing-off'; readonly version: string | undefined; readonly failures: number };

/** How one round of listing and watching ended. */
export interface RoundEnd {
  /** After which a watch can go on; undefined when everything has to be read again. */
  readonly version: string | undefined;
  /** Whether the watch sent anything. */
  readonly received: boolean;
  /** Undefined when the server ended the watch. */
  readonly error: unknown;
  readonly lastedMs: number;
}

/** A server that ends each watch sooner than this, without an event, is asked again only after a wait. */
const shortWatchMs = 1_000;

export const firstState: ReflectorState = { name: 'listing', failures: 0 };

/** The state after a round. An expired version makes the next round read everything. */
export function stateAfterRound({ version, received, error, lastedMs }: RoundEnd, failures: number): ReflectorState {
  if (error === undefined && (received || lastedMs > shortWatchMs)) return activeState(version, 0);
  return {
    name: 'backing-off',
    version: isExpired(error) ? undefined : version,
    failures: error !== undefined && received ? 1 : failures + 1,
  };
}

/** The state in which a version is followed. */
export function activeState(version: string | undefined, failures: number): ReflectorState {
  return version === undefined ? { name: 'listing', failures } : { name: 'watching', version, failures };
}
