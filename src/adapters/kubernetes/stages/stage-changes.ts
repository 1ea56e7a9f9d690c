import { ChangeFeed } from '../../../lib/change-feed.ts';
import type { StageIdentity } from '../../../model/job/stage.ts';
import type { JobRef } from '../../../ports/job-store.ts';

export interface StageChange {
  readonly ref: JobRef;
  readonly uid: string;
}

/** Whose runs changed: each job at most once until it is read. */
export class StageChanges {
  readonly #feed = new ChangeFeed<string, StageChange>();

  publish(identity: StageIdentity): void {
    this.#feed.publish(identity.uid, changeOf(identity));
  }

  watch(first: Iterable<StageIdentity>, signal: AbortSignal): AsyncIterable<StageChange> {
    const initial = [...first].map((identity) => [identity.uid, changeOf(identity)] as const);
    return this.#feed.subscribe(signal, { initial });
  }
}

function changeOf({ namespace, name, uid }: StageIdentity): StageChange {
  return { ref: { namespace, name }, uid };
}
