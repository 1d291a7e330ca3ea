import { setTimeout as wait } from 'node:timers/promises';
import { EXIT_CODES } from '../contract';

/** Waits, then returns. A signal ends it at once with code 0: the hook's purpose is then fulfilled by someone else. */
export async function sleep(seconds: number): Promise<void> {
  const end = () => process.exit(EXIT_CODES.ok);
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  await wait(seconds * 1000);
}
