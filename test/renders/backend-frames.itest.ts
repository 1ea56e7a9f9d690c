import { describeRows } from './backends/matrix.ts';
import { corrections } from './backends/rows.ts';

describeRows('corrections of video to every codec on every backend', corrections);
