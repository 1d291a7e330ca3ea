import { EXIT_CODES } from '../contract';
import { leaveTerminationMessage } from './termination-message';

/**
 * Ends the process for an error: says why, on a terminal as text and else as a line of the log, and leaves the reason
 * for `kubectl describe pod`. The code is the error's own when it carries one, else 1.
 */
export function exitWith(error: unknown): never {
  const reason = reasonOf(error);
  const exitCode = exitCodeOf(error);
  leaveTerminationMessage(reason);
  if (process.stdout.isTTY || process.stderr.isTTY) {
    process.stderr.write(`model-serving: ${reason}\n`);
  }
  if (!process.stdout.isTTY) {
    // Loaded here so that a start without errors does not wait for it.
    const { createLogger } = require('../telemetry') as typeof import('../telemetry');
    createLogger().fatal({ error, exitCode }, reason);
  }
  process.exit(exitCode);
}

/** Exit code that an error asks for; one of the contract's. */
export function exitCodeOf(error: unknown): number {
  const code = error instanceof Error && 'exitCode' in error ? error.exitCode : undefined;
  return Object.values<unknown>(EXIT_CODES).includes(code) && code !== EXIT_CODES.ok
    ? Number(code)
    : EXIT_CODES.failure;
}

/** The error for people: what it says about itself, else its message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const text = 'describe' in error && typeof error.describe === 'function' ? String(error.describe()) : error.message;
  return text || error.name;
}
