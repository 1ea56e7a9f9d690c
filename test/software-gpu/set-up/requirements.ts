import { findProgram } from '../../../scripts/bootstrap/find-program.mjs';

const programs = ['apt-get', 'apt-config', 'dpkg-deb', 'gcc', 'tar'] as const;

/**
 * Why the stand-in cannot be set up on this machine, in one line; `undefined` when it can be tried.
 * No root is needed: nothing is installed, mounted or changed outside of `folder`.
 */
export function missingRequirement(folder: string): string | undefined {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') return `it exists for Linux on x86-64 only, this is ${platform} ${arch}`;
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} not found: it needs a Debian system with a C compiler`;
  // The loader separates its lists with them.
  if (/[\s:]/.test(folder)) return `the path ${folder} holds a space or colon, which the dynamic loader cannot take`;
  return undefined;
}
