import { describeRows } from './backends/matrix.ts';
import { pictures } from './backends/rows.ts';

describeRows('corrections of the picture to every codec on every backend', pictures);
