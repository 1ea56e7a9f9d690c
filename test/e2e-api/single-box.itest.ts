import { sharedApi } from './shared-suite.ts';
import { singleBoxWorld } from './single-box-world.ts';

sharedApi('one machine', singleBoxWorld);
