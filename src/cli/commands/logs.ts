import { exitCodes } from '../../errors/exit-codes.ts';
import { argumentsOf, type Command, clientOf, jobPath } from '../args/command-context.ts';
import { bodyBytes } from '../client/body-bytes.ts';
import { printable } from '../output/format.ts';
import { logLine } from '../output/log-line.ts';

export const logs: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const query = args.on('follow') ? '?follow=true' : '';
  const response = await client.stream(`${jobPath(args.positionals[0] ?? '')}/logs${query}`, context.interrupted);
  const show = (line: string): void => context.terminal.out(`${args.on('json') ? line : printable(logLine(line))}\n`);
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of bodyBytes(response)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') show(line);
    }
  } catch (error) {
    if (!context.interrupted.aborted) throw error;
    return exitCodes.interrupted;
  }
  if (rest !== '') show(rest);
  return exitCodes.ok;
};
