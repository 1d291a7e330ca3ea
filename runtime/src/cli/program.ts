import { Command, InvalidArgumentError } from 'commander';
import { COMMAND, PATHS, PORTS, ROLES, RUNTIME_VERSION } from '../contract';
import { addBatchCommands } from './batch-commands';
import { jobRequests } from './local-requests';
import { addRolloutCommands } from './rollout-commands';
import { addStreamCommands } from './stream-commands';

const MAX_PORT = 65_535;
const CONFIG_OPTION = ['--config <file>', 'configuration file that the library wrote', PATHS.config] as const;

/**
 * The command line: one subcommand a role.
 *
 * What a role needs is loaded when it runs: `sleep` has to start at once, and the predictor not to wait for clients of
 * object stores.
 */
export function createProgram(): Command {
  const program = new Command(COMMAND)
    .description('Serves machine-learning models: the processes that the manifests of cdk8s-model-serving run.')
    .version(RUNTIME_VERSION)
    .exitOverride()
    .showHelpAfterError()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} serve --models ./models`, 'serve every model of a directory, without configuration'],
        [`${COMMAND} local dist/ --open`, 'run synthesized manifests on this machine'],
        [`${COMMAND} help predictor`, 'what a command takes'],
      ]),
    );
  addRoles(program);
  addCommandsForPeople(program);
  addRolloutCommands(program, examples);
  addBatchCommands(program, examples);
  addStreamCommands(program, examples);
  return program;
}

function addRoles(program: Command): void {
  program
    .command(ROLES.predictor)
    .description('Serve the models of a configuration file over HTTP and gRPC.')
    .option(...CONFIG_OPTION)
    .addHelpText('after', examples([[`${COMMAND} predictor --config ${PATHS.config}`, 'as the pod does']]))
    .action(({ config }: { config: string }) => {
      const { predictor } = require('./predictor') as typeof import('./predictor');
      return predictor(config);
    });
  program
    .command(ROLES.fetch)
    .description('Download, verify and unpack the models of a configuration file, then end.')
    .option(...CONFIG_OPTION)
    .addHelpText('after', examples([[`${COMMAND} fetch --config ${PATHS.config}`, 'as the init container does']]))
    .action(({ config }: { config: string }) => {
      const { fetch } = require('./fetch') as typeof import('./fetch');
      return fetch(config);
    });
  program
    .command(ROLES.agent)
    .description('Keep the live routes of the proxy of a gateway: splits of rollouts, aborts, API keys.')
    .option(...CONFIG_OPTION)
    .option('--seed', 'write routes for a proxy that starts, then end')
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} agent --config ${PATHS.config} --seed`, 'as the init container does'],
        [`${COMMAND} agent --config ${PATHS.config}`, 'as the container beside the proxy does'],
      ]),
    )
    .action((options: import('./agent').AgentCommandOptions) => {
      const { agent } = require('./agent') as typeof import('./agent');
      return agent(options);
    });
  program
    .command(ROLES.lookup)
    .description('Serve tables of predictions that batch jobs wrote to Redis, over HTTP and gRPC.')
    .option(...CONFIG_OPTION)
    .addHelpText('after', examples([[`${COMMAND} lookup --config ${PATHS.config}`, 'as the pod does']]))
    .action(({ config }: { config: string }) => {
      const { lookup } = require('./lookup') as typeof import('./lookup');
      return lookup(config);
    });
  program
    .command(ROLES.sleep)
    .description('Wait, then end: the preStop hook of an image that has no shell.')
    .requiredOption('--seconds <number>', 'how long', seconds)
    .addHelpText('after', examples([[`${COMMAND} sleep --seconds 15`, 'give the endpoints time to go']]))
    .action(({ seconds }: { seconds: number }) => {
      const { sleep } = require('./sleep') as typeof import('./sleep');
      return sleep(seconds);
    });
}

function addCommandsForPeople(program: Command): void {
  program
    .command('serve')
    .description('Serve DIR/<name>/model.onnx and DIR/<name>/<version>/model.onnx, without configuration.')
    .requiredOption('--models <dir>', 'directory of the models')
    .option('--http-port <port>', 'port of the V1 and V2 REST protocols', port, PORTS.http)
    .option('--grpc-port <port>', 'port of the V2 gRPC protocol', port, PORTS.grpc)
    .option('--metrics-port <port>', 'port of the Prometheus metrics', port, PORTS.metrics)
    .option('--management-port <port>', 'port for loading and unloading models, on 127.0.0.1 (default: none)', port)
    .option('--host <address>', 'address to listen on (default: every address of this machine)')
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} serve --models ./models`, 'all models, on the default ports'],
        [`${COMMAND} serve --models ./models --http-port 9000 --host 127.0.0.1`, 'for this machine alone'],
      ]),
    )
    .action((options: import('./serve').ServeOptions) => {
      const { serve } = require('./serve') as typeof import('./serve');
      return serve(options);
    });
  program
    .command('local')
    .description('Run synthesized manifests as processes on this machine, without a cluster.')
    .argument('<path...>', 'YAML files, or directories of them')
    .option('--open', 'print the addresses of the Services, and keep them up to date')
    .option('--host <address>', 'address that the Services listen on', '127.0.0.1')
    .option('--volume <name=dir>', 'directory for a persistent volume claim or an image volume', volumes, {})
    .option('--service <name=host:port>', 'server of this machine in place of a Service', standIns, {})
    .option(
      '--run <name[@time]>',
      'CronJob to run once, as of now or of a time; or suspended Job to run',
      jobRequests,
      [],
    )
    .option('--runtime-image <repository>', 'further repository that holds a copy of the runtime image', collect, [])
    .option('--proxy-image <repository>', 'further repository that holds a copy of the image of Envoy', collect, [])
    .option('--status-file <file>', 'JSON file with addresses, readiness and Jobs, replaced at every change')
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} local dist/ --open`, 'everything that was synthesized'],
        [`${COMMAND} local dist/ --volume model-claim=./models`, 'a claim as a directory of this machine'],
        [`${COMMAND} local dist/ --run churn-hourly`, 'one run of a CronJob'],
        [`${COMMAND} local dist/ --service redis=127.0.0.1:6379`, 'a server of this machine in place of a Service'],
      ]),
    )
    .addHelpText('after', LOCAL_DIFFERENCES)
    .action((paths: string[], options: import('./local').LocalCommandOptions) => {
      const { local } = require('./local') as typeof import('./local');
      return local(paths, options);
    });
  program
    .command('proxy', { hidden: true })
    .description('Run the container of a proxy, as `local` does.')
    .option('--envoy <file>', 'Envoy of this machine (default: the built-in router)')
    .argument('[arguments...]', 'arguments of Envoy, after --')
    .action((args: string[], options: { envoy?: string }) => {
      const { proxy } = require('./local-proxy') as typeof import('./local-proxy');
      return proxy(args, options);
    });
}

function port(text: string): number {
  return whole(text, 0, MAX_PORT, 'a port, from 0 (any free one)');
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > 86_400) {
    throw new InvalidArgumentError('Give a number of seconds from 0 to 86400.');
  }
  return value;
}

function whole(text: string, minimum: number, maximum: number, what: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InvalidArgumentError(`Give ${what} to ${maximum}.`);
  }
  return value;
}

function volumes(text: string, previous: Readonly<Record<string, string>>): Record<string, string> {
  const separator = text.lastIndexOf('=');
  if (separator <= 0 || separator === text.length - 1) {
    throw new InvalidArgumentError('Give NAME=DIR.');
  }
  return { ...previous, [text.slice(0, separator)]: text.slice(separator + 1) };
}

function standIns(text: string, previous: Readonly<Record<string, string>>): Record<string, string> {
  const match = /^([A-Za-z0-9.-]+(?::\d{1,5})?)=((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5})$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError('Give NAME=HOST:PORT, for example redis.ml-serving:6379=127.0.0.1:6379.');
  }
  return { ...previous, [match[1] ?? '']: match[2] ?? '' };
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

function examples(list: readonly (readonly [string, string])[]): string {
  return ['', 'Examples:', ...list.map(([command, what]) => `  $ ${command}\n      ${what}`)].join('\n');
}

const LOCAL_DIFFERENCES = `
What the manifests say is run: commands, environment, files, probes, restarts, the grace period. What differs from a cluster:
  - Ports of containers are free ports of this machine; a Service listens on its own port when that is free
    (port 80 becomes 8080, 443 becomes 8443: those below 1024 need privileges).
  - preStop hooks that run a program are skipped: a pod leaves its Services at the moment that it is asked to stop.
  - Gateways run the Envoy that the environment variable ENVOY names, else envoy on the PATH, else a built-in router that does
    routes, weights, mirrors and headers, but neither limits nor authentication.
  - Resources, security contexts, read-only mounts and network policies are not enforced.
  - An autoscaler gives its minReplicas. Names of Services are known where configurations name them, and nowhere else
    (--service names a server in place of one).
  - Schedules start nothing: --run starts a CronJob. With Jobs alone, this command ends when all of them have: with 0 when each
    is complete, else with 1.
  - When this command is killed by force, its processes end by themselves, and its temporary directory stays.`;
