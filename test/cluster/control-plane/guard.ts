import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Reads `+PID` and `-PID` lines. When its input closes, which the system does however the writer ended, it ends the
 * processes that are left and removes the folder.
 */
const script = `
pids=' '
while read -r line; do
  case $line in
    +*) pids="$pids\${line#+} " ;;
    -*) gone=\${line#-}; pids="\${pids%% $gone *} \${pids#* $gone }" ;;
  esac
done
[ "$pids" = ' ' ] || kill -9 $pids 2>/dev/null
# The processes may write until they are gone.
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
`;

/** Outlives this process just long enough to end what it started. */
export interface Guard extends AsyncDisposable {
  /** Ties a process to the life of this one. */
  readonly watch: (pid: number) => void;
  /** To be called as soon as the process has ended: its id may be given to another. */
  readonly forget: (pid: number) => void;
}

/** @param folder removed at the end, in any case */
export function startGuard(folder: string): Guard {
  // A session of its own: Ctrl-C in a terminal goes to the whole group, and the guard must be the last one to go.
  const shell = spawn('sh', ['-c', script, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const ended = once(shell, 'exit');
  shell.unref();
  // A guard that someone killed leaves a broken pipe; the orderly end does not need it.
  shell.stdin.on('error', () => undefined);
  return {
    watch: (pid) => void shell.stdin.write(`+${pid}\n`),
    forget: (pid) => void shell.stdin.write(`-${pid}\n`),
    [Symbol.asyncDispose]: async () => {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
}
