import { InProcessBus } from '../../src/local/in-process-bus.ts';
import { progressBusContract } from '../contract/progress-bus.ts';

progressBusContract('in process', async () => {
  const bus = new InProcessBus();
  return { bus, publisher: bus, async [Symbol.asyncDispose]() {} };
});
