// node test/cluster/set-up/main.ts: builds the programs that the cluster tests start, and prints their paths.
import { setUpPrograms } from './set-up.ts';

for (const kit of ['cluster', 'nats', 's3'] as const) {
  const programs = await setUpPrograms(kit);
  if (programs.absent === undefined) {
    for (const path of Object.values(programs.paths)) console.log(path);
  } else {
    console.error(`${kit}: ${programs.absent}`);
    process.exitCode = 1;
  }
}
