import { spawn } from 'node:child_process';

/** What a program wrote to its standard output. Rejects with the end of its errors when it fails. */
export function output(program: 'ffmpeg' | 'ffprobe', args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-hide_banner', '-v', 'error', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`expected ${program} to succeed, got exit ${code}: ${errors.trim()}`));
    });
  });
}
