import type { StructuralSchema } from '../../model/crd/structural-schema.ts';
import { UsageError } from '../output/cli-error.ts';
import { didYouMean } from './suggest.ts';

/** Seconds as people write them: `1:30`, `0:02:03.5`. */
const clockTime = /^(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)$/;

/**
 * Text from the command line as a value of the type in the schema.
 *
 * @param label the name of the value in messages, for example `--start`
 * @throws UsageError with what was expected and what was got
 */
export function typedValue(text: string, schema: StructuralSchema, label: string): unknown {
  const expected = (what: string): UsageError =>
    new UsageError(`expected ${what} for ${label}, got ${JSON.stringify(text)}`);
  switch (schema.type) {
    case 'string': {
      const words = schema.enum?.map(String);
      if (words && !words.includes(text)) throw expected(`one of ${words.join(', ')}${didYouMean(text, words)}`);
      return text;
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw expected('true or false');
      return text === 'true';
    case 'number':
    case 'integer': {
      const value = schema.type === 'number' ? (secondsOf(text) ?? numberOf(text)) : numberOf(text);
      if (value === undefined) throw expected(schema.type === 'number' ? 'a number' : 'a whole number');
      if (schema.type === 'integer' && !Number.isInteger(value)) throw expected('a whole number');
      return value;
    }
    case 'object':
    case 'array':
      return structured(text, schema.type, label);
  }
}

function numberOf(text: string): number | undefined {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function secondsOf(text: string): number | undefined {
  const match = clockTime.exec(text);
  if (!match) return undefined;
  const [, hours = '0', minutes = '0', rest = '0'] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

function structured(text: string, type: 'object' | 'array', label: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`expected JSON (an ${type}) for ${label}, got ${JSON.stringify(text)}`, { cause });
  }
  const isRight =
    type === 'array' ? Array.isArray(value) : typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRight) throw new UsageError(`expected a JSON ${type} for ${label}, got ${text}`);
  return value;
}
