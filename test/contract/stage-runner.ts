import { afterEach, beforeEach, describe } from 'vitest';
import { stageRunnerEnds } from './stage-runner-ends.ts';
import type { MakeStageRunner, StageRunnerHarness } from './stage-runner-harness.ts';
import { stageRunnerLogs } from './stage-runner-logs.ts';
import { stageRunnerStarts } from './stage-runner-starts.ts';
import { stageRunnerStops } from './stage-runner-stops.ts';

/** What every adapter of `StageRunner` must keep. Call it in a test file with a factory of the adapter. */
export function stageRunnerContract(adapter: string, make: MakeStageRunner): void {
  describe(`StageRunner: ${adapter}`, () => {
    let harness: StageRunnerHarness;
    beforeEach(async () => {
      harness = await make();
    });
    afterEach(async () => {
      await harness[Symbol.asyncDispose]();
    });
    for (const part of [stageRunnerStarts, stageRunnerEnds, stageRunnerStops, stageRunnerLogs]) part(() => harness);
  });
}
