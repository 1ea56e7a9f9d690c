// npm run release -- VERSION: checks, sets the version, closes the changelog section, builds the archive, commits and tags.
// Pushes nothing: `git push --follow-tags` publishes, and `git tag -d vVERSION && git reset --hard HEAD~1` takes it back.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { closeUnreleased } from './release/changelog.ts';

const root = dirname(import.meta.dirname);
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'skip-checks': { type: 'boolean', default: false } },
});
const [version, ...more] = positionals;

function fail(message: string): never {
  console.error(`release: ${message}`);
  process.exit(1);
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

if (version === undefined || more.length > 0 || !/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/.test(version)) {
  fail(`expected one version such as 0.2.0, got ${positionals.join(' ') || 'nothing'}`);
}
if (git('status', '--porcelain') !== '') fail('the working tree has changes; commit or stash them first');
if (git('tag', '--list', `v${version}`) !== '') fail(`the tag v${version} exists already`);

const changelog = join(root, 'CHANGELOG.md');
const closed = closeUnreleased(readFileSync(changelog, 'utf8'), version, new Date().toISOString().slice(0, 10));
if (!closed.ok) fail(closed.why);

if (!values['skip-checks']) execFileSync('bash', ['.ci/run'], { cwd: root, stdio: 'inherit' });
execFileSync('npm', ['version', version, '--no-git-tag-version', '--ignore-scripts'], { cwd: root, stdio: 'ignore' });
writeFileSync(changelog, closed.text);

execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', 'dist'], { cwd: root, encoding: 'utf8' });
const archive = packed.trim().split('\n').at(-1) ?? fail('npm pack printed no file name');
const digest = createHash('sha256')
  .update(readFileSync(join(root, 'dist', archive)))
  .digest('hex');
writeFileSync(join(root, 'dist', `${archive}.sha256`), `${digest}  ${archive}\n`);

git('add', 'package.json', 'package-lock.json', 'CHANGELOG.md');
git('commit', '--quiet', '--message', `release: ${version}`);
git('tag', '--annotate', `v${version}`, '--message', `${version}\n\n${closed.section}`);
console.log(`tagged v${version}; dist/${archive} (sha256 ${digest})`);
