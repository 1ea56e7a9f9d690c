import { systemClock } from '../../src/local/system-clock.ts';
import { clockContract } from '../contract/clock.ts';

clockContract('this machine', systemClock);
