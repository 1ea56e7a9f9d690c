import { type Verb, verbs } from '../../config/setting.ts';
import type { OptionSpec } from './command-line.ts';
import type { CommandSpec } from './command-table.ts';
import { columns, wrap } from './help.ts';

/** The help of a command with the operations of the model or the settings of the configuration. */
export async function detailedHelp(
  command: CommandSpec,
  render: (command: CommandSpec, more?: readonly string[]) => string,
): Promise<string> {
  if (command.name === 'submit' || command.name === 'plan') return render(command, [await operationHelp()]);
  const verb = verbs.find((name) => name === command.name);
  if (verb !== undefined) return render({ ...command, options: await serverOptions(verb) }, [await variableHelp(verb)]);
  return render(command);
}

async function operationHelp(): Promise<string> {
  const { operationTypes } = await import('../../model/job/operations.ts');
  const { kebab, parametersOf } = await import('./operation-parameters.ts');
  const rows = operationTypes.map((type) => {
    const words = [...parametersOf(type)].flatMap(([name, [first]]) => {
      // The dotted form of a nested member is shown only where the short one means something else.
      const short = name.split('.').at(-1) ?? name;
      return name.includes('.') && (parametersOf(type).get(short)?.length ?? 0) === 1 ? [] : first ? [name] : [];
    });
    const unambiguous = words.filter((name) => (parametersOf(type).get(name)?.length ?? 0) === 1);
    return [kebab(type), unambiguous.join(', ')] as const;
  });
  const how = wrap(
    'Parameters follow an operation as options (--op trim --start 1 --end 5) or after a colon (--op trim:start=1,end=5). ' +
      'Times are seconds or [hours:]minutes:seconds. A parameter that comes again starts the next region, range, segment or ' +
      'caption. input, append and prepend take a file, a URL, asset:NAME or file:PATH. Quote a value that has a comma: text="Hello, world".',
    100,
  );
  return `Operations and their parameters:\n${columns(rows)}\n\n${how}`;
}

/** The flags of a verb that serves, from the table of settings. */
export async function serverOptions(verb: Verb): Promise<OptionSpec[]> {
  const { configTable } = await import('../../config/settings.ts');
  return configTable.flatMap(({ verbs: takers, flag, variable, about, default: fallback }) =>
    flag === undefined || !takers.includes(verb)
      ? []
      : [
          {
            name: flag,
            value: 'VALUE',
            description: `${about} [${variable}${fallback === '' ? '' : `, default: ${fallback}`}]`,
          },
        ],
  );
}

async function variableHelp(verb: Verb): Promise<string> {
  const { configTable } = await import('../../config/settings.ts');
  const rows = configTable
    .filter(({ verbs: takers, flag }) => flag === undefined && takers.includes(verb))
    .map(({ variable, about }) => [variable, about] as const);
  return `Set in the environment only:\n${columns(rows)}`;
}
