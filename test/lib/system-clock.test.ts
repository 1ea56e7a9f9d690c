import { systemClock } from '../../src/lib/system-clock.ts';
import { clockContract } from '../contract/clock.ts';

clockContract('this machine', systemClock);
