import { type Command, InvalidArgumentError } from 'commander';
import { COMMAND, PATHS, ROLES } from '../contract';

const MAX_PROCESSES = 64;
const MAX_PORT = 65_535;
const CONFIG_OPTION = ['--config <file>', 'configuration file that the library wrote', PATHS.config] as const;
const RUN_OPTION = [
  '--run <name>',
  'name of the run (default: the configured one, else that of the Kubernetes Job)',
] as const;

/** Writes examples of a command. */
type Examples = (list: readonly (readonly [string, string])[]) => string;

/** Adds the role `batch`, and what people do with batch jobs. */
export function addBatchCommands(program: Command, examples: Examples): void {
  const batch = program
    .command(ROLES.batch)
    .description('Score one shard of a table with a model, and go on where an earlier attempt ended.')
    .option(...CONFIG_OPTION)
    .option(...RUN_OPTION)
    .option('--shard <number>', 'number of the shard, from 0 (default: that of the pod)', number(0, 9999, 'a shard'))
    .option('--metrics-port <port>', 'port of the metrics (default: the configured one)', number(0, MAX_PORT, 'a port'))
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} batch --config ${PATHS.config}`, 'as the pod does'],
        [`${COMMAND} batch run --config config.json`, 'all shards, on this machine'],
        [`${COMMAND} batch status --config config.json`, 'how far a run is'],
      ]),
    )
    .action((options: import('./batch').BatchCommandOptions) => {
      const { batch: runRole } = require('./batch') as typeof import('./batch');
      return runRole(options);
    });
  batch
    .command('run')
    .description('Score all shards on this machine, each in a process of its own.')
    .option(...CONFIG_OPTION)
    .option('--run <name>', 'name of the run (default: the configured one, else named by the configuration)')
    .option('--processes <number>', 'shards at a time', number(1, MAX_PROCESSES, 'a number of processes'), 1)
    .addHelpText(
      'after',
      examples([[`${COMMAND} batch run --config config.json --processes 4`, 'four shards at a time']]),
    )
    .action((_: object, command: Command) => {
      const { batchRun } = require('./batch-run') as typeof import('./batch-run');
      return batchRun(command.optsWithGlobals());
    });
  batch
    .command('status')
    .description('Show how far a run is, by its ledger.')
    .option(...CONFIG_OPTION)
    .option('--run <name>', 'name of the run (default: the configured one, else the newest)')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples([[`${COMMAND} batch status --config config.json`, 'shards, rows, errors, time left']]),
    )
    .action((_: object, command: Command) => {
      const { batchStatus } = require('./batch-status') as typeof import('./batch-status');
      return batchStatus(command.optsWithGlobals());
    });
}

function number(minimum: number, maximum: number, what: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Give ${what}, from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}
