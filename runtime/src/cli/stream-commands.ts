import { type Command, InvalidArgumentError } from 'commander';
import { COMMAND, PATHS, ROLES } from '../contract';

const MAX_PORT = 65_535;
const CONFIG_OPTION = ['--config <file>', 'configuration file that the library wrote', PATHS.config] as const;
const PORT_OPTION = ['--metrics-port <port>', 'port of probes and metrics (default: the configured one)'] as const;

/** Writes examples of a command. */
type Examples = (list: readonly (readonly [string, string])[]) => string;

/** Adds the role `stream`, and what people do with streaming consumers. */
export function addStreamCommands(program: Command, examples: Examples): void {
  const stream = program
    .command(ROLES.stream)
    .description('Score the events of a stream with a model, and write predictions as events.')
    .option(...CONFIG_OPTION)
    .option(...PORT_OPTION, port)
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} stream --config ${PATHS.config}`, 'as the pod does'],
        [`${COMMAND} stream run --config config.json`, 'on this machine'],
      ]),
    )
    .action((options: import('./stream').StreamCommandOptions) => {
      const { stream: runRole } = require('./stream') as typeof import('./stream');
      return runRole(options);
    });
  stream
    .command('run')
    .description('Score events on this machine, and say now and then how many are done.')
    .option(...CONFIG_OPTION)
    .option(...PORT_OPTION, port)
    .addHelpText(
      'after',
      examples([[`${COMMAND} stream run --config config.json --metrics-port 0`, 'with metrics on any free port']]),
    )
    .action((_: object, command: Command) => {
      const { stream: runRole } = require('./stream') as typeof import('./stream');
      return runRole({ ...command.optsWithGlobals<import('./stream').StreamCommandOptions>(), report: true });
    });
}

function port(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > MAX_PORT) {
    throw new InvalidArgumentError(`Give a port, from 0 (any free one) to ${MAX_PORT}.`);
  }
  return value;
}
