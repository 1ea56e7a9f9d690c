import { describeRows } from './rungs/matrix.ts';
import { pictures } from './rungs/rows.ts';

describeRows('corrections of the picture to every codec on every rung', pictures);
