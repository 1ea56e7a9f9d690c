/** Whether a small file system can be mounted and filled; where not, the reason for the skipped tests is printed. */
export function canMount(): boolean {
  if (process.getuid?.() === 0) return true;
  console.log('skipped: a full disk needs root to mount a small tmpfs');
  return false;
}
