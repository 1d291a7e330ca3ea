import { fstatSync } from 'node:fs';
import { CommanderError } from 'commander';
import { ENVIRONMENT } from '../contract';
import { exitWith } from './exit';
import { createProgram } from './program';
import { leaveTerminationMessage } from './termination-message';

/** Exit code of a command line that cannot be understood, as in other Unix tools. */
const USAGE = 2;

/**
 * Runs the command line; the process ends by itself when its work is done.
 *
 * @param argv as `process.argv`
 */
export async function run(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ignoreClosedPipe);
  }
  if (process.env[ENVIRONMENT.sandbox]) {
    endWithParent();
  }
  process.on('uncaughtException', exitWith);
  process.on('unhandledRejection', exitWith);
  try {
    await createProgram().parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      exitWith(error);
    }
    // Commander has printed the help, the version or the fault already.
    if (error.exitCode !== 0) {
      leaveTerminationMessage(error.message);
    }
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  }
}

/** Whoever read the output has gone, as in `… | head -1`: that must not end a process that serves. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    throw error;
  }
}

/**
 * Drains and ends the process when standard input closes: it is a connection to `model-serving local`, which may have been
 * killed without a chance to tell. The connection alone keeps no process running.
 */
function endWithParent(): void {
  if (!fstatSync(0).isSocket() && !fstatSync(0).isFIFO()) {
    return;
  }
  const { stdin } = process;
  stdin.on('error', () => undefined);
  stdin.on('close', () => process.kill(process.pid, 'SIGTERM'));
  stdin.resume();
  stdin.unref();
}
