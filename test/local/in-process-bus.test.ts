import { InProcessBus } from '../../src/local/in-process-bus.ts';
import { progressBusContract } from '../contract/progress-bus.ts';

progressBusContract('in process', async () => ({ bus: new InProcessBus(), async [Symbol.asyncDispose]() {} }));
