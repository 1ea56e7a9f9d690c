// The command `framewright`: takes the verb and loads what that verb needs, so that a short command starts fast.

const [verb, ...args] = process.argv.slice(2);

if (verb === 'worker') {
  const { processEnvironment } = await import('./config/load-config.ts');
  const { systemClock } = await import('./lib/system-clock.ts');
  const { workerCommand } = await import('./worker/main.ts');
  // Immediately: a child process that cannot be killed would keep an ended worker alive.
  process.exit(await workerCommand({ env: processEnvironment(), clock: systemClock }));
} else if (verb === '--version' || verb === '-V' || verb === 'version') {
  const { version } = await import('./lib/version.ts');
  process.stdout.write(`framewright ${version}\n`);
} else {
  const { runCommand } = await import('./cli/args/run-command.ts');
  process.exitCode = await runCommand(verb, args, import.meta.filename);
}
