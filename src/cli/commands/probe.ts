import { loadConfig, processEnvironment } from '../../config.ts';
import { toCodedError } from '../../errors.ts';
import type { Capabilities } from '../../media/capabilities.ts';
import { detectCapabilities } from '../../media/run/detect-capabilities.ts';
import { toolEnvironment } from '../../media/run/tool-environment.ts';
import { CliError } from '../cli-error.ts';
import { argumentsOf, type Command, printJson } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { probeText, softwareGaps } from '../probe-text.ts';

export const probe: Command = async (context) => {
  const args = argumentsOf(context);
  const { ffmpeg, ffprobe, driDir, drmClassDir } = loadConfig({}, context.environment);
  let found: Capabilities;
  try {
    const tools = { ffmpeg, ffprobe, env: toolEnvironment(processEnvironment()) };
    found = await detectCapabilities({
      tools,
      folders: { dri: driDir, drmClass: drmClassDir },
      signal: context.interrupted,
    });
  } catch (cause) {
    const { code, message, hint } = toCodedError(cause);
    throw new CliError(exitCodes.failed, message, { code, remedy: hint, cause });
  }
  const gaps = softwareGaps(found);
  if (args.on('json')) {
    printJson(context.terminal, {
      ...found,
      encoders: [...found.encoders],
      filters: [...found.filters],
      missing: gaps,
    });
  } else {
    context.terminal.out(probeText(found, context.terminal));
  }
  return exitCodes.ok;
};
