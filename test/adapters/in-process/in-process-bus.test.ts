import { InProcessBus } from '../../../src/adapters/in-process/in-process-bus.ts';
import { progressBusContract } from '../../contract/progress-bus.ts';

progressBusContract('in process', async () => {
  const bus = new InProcessBus();
  return { bus, publisher: bus, async [Symbol.asyncDispose]() {} };
});
