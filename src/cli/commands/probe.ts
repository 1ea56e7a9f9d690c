import { loadConfig, processEnvironment } from '../../config/load-config.ts';
import { toCodedError } from '../../errors/coded-error.ts';
import { exitCodes } from '../../errors/exit-codes.ts';
import { toolEnvironment } from '../../media/ffmpeg/run/tool-environment.ts';
import { type Observation, observeMachine } from '../../media/gpu/run/observe-machine.ts';
import { argumentsOf, type Command, type CommandContext, printJson } from '../args/command-context.ts';
import { CliError } from '../output/cli-error.ts';
import { probeExit, reportOf } from '../output/probe-report.ts';
import { probeText } from '../output/probe-text.ts';

export const probe: Command = async (context) => {
  const args = argumentsOf(context);
  const observation = await observe(context);
  if (observation === undefined) return exitCodes.interrupted;
  const report = reportOf(observation);
  if (args.on('json')) printJson(context.terminal, report);
  else context.terminal.out(probeText(report, context.terminal));
  return probeExit(report, args.on('require-gpu'));
};

/** `undefined` when it was interrupted. Runs trial encodes instead of using cached results: the report shows the current state. */
async function observe({ environment, interrupted }: CommandContext): Promise<Observation | undefined> {
  const { ffmpeg, ffprobe, driDir, drmClassDir } = loadConfig({}, environment).media;
  const tools = { ffmpeg, ffprobe, env: toolEnvironment(processEnvironment()) };
  const folders = { dri: driDir, drmClass: drmClassDir };
  try {
    return await observeMachine({ tools, folders, signal: interrupted }, environment);
  } catch (cause) {
    if (interrupted.aborted) return undefined;
    const { code, message, remedy } = toCodedError(cause);
    throw new CliError(exitCodes.failed, message, { code, remedy: remedy, cause });
  }
}
