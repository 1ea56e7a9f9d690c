/** Whether a small file system can be mounted to be filled; where not, the reason is printed for the tests that are skipped. */
export function canMount(): boolean {
  if (process.getuid?.() === 0) return true;
  console.log('skipped: a full disk needs root to mount a small tmpfs');
  return false;
}
