import { stageRunnerContract } from '../../contract/stage-runner.ts';
import { type LocalRunner, openLocalRunner, removeFolder, startsIn, temporaryFolder } from './runner-setup.ts';

stageRunnerContract('child processes', async () => {
  const folder = await temporaryFolder();
  let local: LocalRunner = await openLocalRunner(folder);
  return {
    runner: local.runner,
    pool: 'default',
    inOrder: true,
    started: async () => (await startsIn(folder)).map(({ name }) => name),
    async reopen() {
      await local[Symbol.asyncDispose]();
      local = await openLocalRunner(folder);
      return local.runner;
    },
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      await removeFolder(folder);
    },
  };
});
