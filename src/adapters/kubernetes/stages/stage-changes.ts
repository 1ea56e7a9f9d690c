import { ChangeFeed } from '../../../lib/change-feed.ts';
import type { StageIdentity } from '../../../model/job/stage.ts';
import type { JobRef } from '../../../ports/job-store.ts';

export interface StageChange {
  readonly ref: JobRef;
  readonly uid: string;
}

/** The RenderJobs whose runs changed, each at most once until it is read. */
export class StageChanges {
  readonly #feed = new ChangeFeed<string, StageChange>();

  publish(identity: StageIdentity): void {
    this.#feed.publish(identity.uid, changeOf(identity));
  }

  watch(existing: Iterable<StageIdentity>, signal: AbortSignal): AsyncIterable<StageChange> {
    const initial = [...existing].map((identity) => [identity.uid, changeOf(identity)] as const);
    return this.#feed.subscribe(signal, { initial });
  }
}

function changeOf({ namespace, name, uid }: StageIdentity): StageChange {
  return { ref: { namespace, name }, uid };
}
