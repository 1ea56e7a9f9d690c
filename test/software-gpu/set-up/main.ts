// node test/software-gpu/set-up/main.ts: sets the stand-in up by hand and says where its programs are.
import { setUpStandIn } from './set-up.ts';

const standIn = await setUpStandIn((line) => console.error(line));
if (standIn.absent === undefined) {
  console.log(`${standIn.gpu}/ffmpeg`);
} else {
  console.error(`no software GPU: ${standIn.absent}`);
  process.exitCode = 1;
}
