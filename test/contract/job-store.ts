import { afterEach, beforeEach, describe } from 'vitest';
import { jobStoreCreation } from './job-store-creation.ts';
import { defaultTtlSeconds, type JobStoreHarness, type MakeJobStore } from './job-store-harness.ts';
import { jobStoreListing } from './job-store-listing.ts';
import { jobStoreRetention } from './job-store-retention.ts';
import { jobStoreWatch } from './job-store-watch.ts';
import { jobStoreWrites } from './job-store-writes.ts';

/** What every adapter of `JobStore` must keep. Call it in a test file with a factory of the adapter. */
export function jobStoreContract(adapter: string, make: MakeJobStore): void {
  describe(`JobStore: ${adapter}`, () => {
    let harness: JobStoreHarness;
    beforeEach(async () => {
      harness = await make({ defaultTtlSeconds });
    });
    afterEach(async () => {
      await harness[Symbol.asyncDispose]();
    });
    for (const part of [jobStoreCreation, jobStoreWrites, jobStoreListing, jobStoreRetention, jobStoreWatch])
      part(() => harness);
  });
}
