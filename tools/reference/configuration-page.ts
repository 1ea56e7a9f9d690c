import { availableParallelism, homedir } from 'node:os';
import { verbs } from '../../src/config/setting.ts';
import { configTable } from '../../src/config/settings.ts';
import { generatedFrom, page, table } from './markdown.ts';

/** `configuration.md`: every setting of the commands that serve. */
export function configurationPage(): string {
  return page(
    generatedFrom('src/config/'),
    '# Configuration',
    'Settings of `framewright standalone`, `framewright operator` and `framewright api`. A flag overrides its variable. A wrong value stops the start with a list of everything that is wrong.',
    table(
      ['variable', 'flag', 'of', 'default', 'meaning'],
      configTable.map(({ variable, flag, verbs: takers, about, default: fallback }) => [
        `\`${variable}\``,
        flag === undefined ? '' : `\`--${flag}\``,
        takers.length === verbs.length ? 'all' : takers.join(', '),
        defaultText(variable, fallback),
        about,
      ]),
    ),
  );
}

/** Defaults that depend on the machine, in words: the page must be the same wherever it is generated. */
function defaultText(variable: string, fallback: string): string {
  if (variable === 'FRAMEWRIGHT_WORKERS' && fallback === String(Math.max(1, Math.floor(availableParallelism() / 2)))) {
    return 'half the processors';
  }
  const text = fallback.replace(homedir(), '~');
  return text === '' ? '' : `\`${text}\``;
}
