import { commands } from '../../src/cli/args/command-table.ts';
import { detailedHelp } from '../../src/cli/args/detailed-help.ts';
import { commandHelp } from '../../src/cli/args/help.ts';
import { exitCodeMeanings } from '../../src/errors/exit-codes.ts';
import { generatedFrom, page, table } from './markdown.ts';

/** `cli.md`: the help of every command. */
export async function cliPage(): Promise<string> {
  const sections: string[] = [];
  for (const command of commands) {
    // Settings differ from machine to machine; they have a page of their own.
    const help = command.name === 'standalone' ? commandHelp(command) : await detailedHelp(command, commandHelp);
    const more =
      command.name === 'standalone' ? '\n\nEvery flag and variable is in [configuration.md](configuration.md).' : '';
    sections.push(`## framewright ${command.name}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`${more}`);
  }
  return page(
    generatedFrom('src/cli/args/command-table.ts and the model'),
    '# Command line',
    'In a checkout: `npx framewright …`. Client commands talk to `FRAMEWRIGHT_URL` (else `http://127.0.0.1:8080`) with the key ' +
      'in `FRAMEWRIGHT_API_KEY`, or in the file that `--api-key-file` names; a key is never an argument. Without either, a server ' +
      'on this machine is used with the admin key of its data folder.',
    '## Exit codes',
    table(
      ['code', 'meaning'],
      exitCodeMeanings.map(({ code, meaning }) => [String(code), meaning]),
    ),
    ...sections,
  );
}
