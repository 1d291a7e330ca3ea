import { type Command, InvalidArgumentError } from 'commander';
import { COMMAND, PATHS, ROLES } from '../contract';
import type { RolloutVerb } from '../rollout';
import { exitCodeOf } from './exit';

const VERB_TIMEOUT_SECONDS = 60;

/** Help text of examples: what is typed, and what for. */
type Examples = (list: readonly (readonly [string, string])[]) => string;

/** A verb on the command line, and the annotation that it is. */
interface VerbCommand {
  readonly verb: RolloutVerb;
  readonly what: string;
  readonly example: string;
}

const VERBS: readonly VerbCommand[] = [
  { verb: 'promote', what: 'Go on: a pause ends, as does what asks for a person.', example: 'go on after a pause' },
  { verb: 'pause', what: 'Keep the share as it is, until somebody resumes.', example: 'stay at this share' },
  { verb: 'resume', what: 'End a pause of `pause`.', example: 'go on where it stopped' },
  { verb: 'abort', what: 'Give everything to the stable version, at once.', example: 'turn back' },
  { verb: 'retry', what: 'Begin anew after a rollout that was turned back.', example: 'try the candidate again' },
  { verb: 'skip-step', what: 'End the step without its time and samples.', example: 'do not wait for the samples' },
];

/** Adds the role of the controller, and what people use of rollouts, as one group. */
export function addRolloutCommands(program: Command, examples: Examples): void {
  const rollout = program
    .command(ROLES.rollout)
    .description('Follow and steer a rollout; with --config, be its controller.')
    .option('--config <file>', 'configuration file that the library wrote: run the controller')
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} rollout status`, 'the only rollout of the namespace of kubectl'],
        [`${COMMAND} rollout abort iris-rollout --why "wrong labels"`, 'turn back'],
        [`${COMMAND} rollout --config ${PATHS.config}`, 'as the pod of a controller does'],
      ]),
    )
    .allowExcessArguments()
    .action(({ config }: { config?: string }, command: Command) => {
      const [unknown] = command.args;
      if (unknown !== undefined) {
        command.error(`error: unknown command '${unknown}'`);
      }
      if (config === undefined) {
        command.help({ error: true });
      }
      const { rollout: run } = require('./rollout') as typeof import('./rollout');
      return run(config);
    });
  addStatus(rollout, examples);
  for (const each of VERBS) {
    addVerb(rollout, each, examples);
  }
  addHistory(rollout, examples);
}

function addStatus(rollout: Command, examples: Examples): void {
  withTarget(rollout.command('status'))
    .description('Show phase, steps, shares, guardrails and the last decisions.')
    .option('--watch', 'keep it up to date; a line at each change where there is no terminal')
    .option('--wait', 'until it has ended: exit code 0 when promoted, 1 when turned back')
    .option('--timeout <seconds>', 'longest time for --wait and --watch (default: any)', timeout)
    .option('--json', 'as JSON; with --watch and --wait a line at each change')
    .addHelpText(
      'after',
      examples([
        [`${COMMAND} rollout status --watch`, 'live'],
        [`${COMMAND} rollout status iris-rollout --wait --timeout 7200`, 'in a pipeline, after kubectl apply'],
      ]),
    )
    .action((name: string | undefined, options: import('./rollout-status').StatusOptions) =>
      tell(() => {
        const { rolloutStatus } = require('./rollout-status') as typeof import('./rollout-status');
        return rolloutStatus(name, options);
      }),
    );
}

function addVerb(rollout: Command, { verb, what, example }: VerbCommand, examples: Examples): void {
  const command = withTarget(rollout.command(verb))
    .description(what)
    .option('--why <text>', 'reason, for the log of decisions', '')
    .option('--timeout <seconds>', 'longest time until the controller has answered', timeout, VERB_TIMEOUT_SECONDS)
    .option('--json', 'the decision as JSON');
  if (verb === 'promote') {
    command.option('--full', 'all requests to the candidate, without the steps that are left');
  }
  command
    .addHelpText('after', examples([[`${COMMAND} rollout ${verb} --why "seen by me"`, example]]))
    .action((name: string | undefined, options: import('./rollout-verb').VerbOptions & { full?: boolean }) =>
      tell(() => {
        const { rolloutVerb } = require('./rollout-verb') as typeof import('./rollout-verb');
        return rolloutVerb(name, options.full === true ? 'promote-full' : verb, options);
      }),
    );
}

function addHistory(rollout: Command, examples: Examples): void {
  withTarget(rollout.command('history'))
    .description('Show what was decided, when, by whom and on which numbers.')
    .option('--json', 'the log as it is: one JSON object a line, oldest first')
    .addHelpText(
      'after',
      examples([[`${COMMAND} rollout history --json | jq`, 'everything that is known of decisions']]),
    )
    .action((name: string | undefined, options: import('./rollout-history').HistoryOptions) =>
      tell(() => {
        const { rolloutHistory } = require('./rollout-history') as typeof import('./rollout-history');
        return rolloutHistory(name, options);
      }),
    );
}

/** Which rollout, and where. */
function withTarget(command: Command): Command {
  return command
    .allowExcessArguments(false)
    .argument('[name]', 'name of the rollout, and of its ConfigMap (default: the only one of the namespace)')
    .option('-n, --namespace <name>', 'namespace (default: that of the context of kubectl)')
    .option('--context <name>', 'context of kubectl (default: the current one)')
    .option('--server <url>', 'a rollout of `model-serving local`, by the address of its API', url);
}

/** Errors of these commands are for people and their scripts: on standard error, and never mixed into the output. */
async function tell(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    process.stderr.write(`${COMMAND}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

function timeout(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 604_800)) {
    throw new InvalidArgumentError('Give a number of seconds above 0, at most 604800.');
  }
  return value;
}

function url(text: string): string {
  if (!/^https?:\/\/[^/]/.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('Give a URL such as http://127.0.0.1:41373.');
  }
  return text;
}
