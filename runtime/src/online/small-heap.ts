import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

/** So many requests at a time need a large heap. */
const MANY_REQUESTS = 128;

/**
 * One thread collects young garbage, of which there is little at a time: several take more time than they save. What a compiler
 * needed is freed at once: in the background it piles up, and its memory is never given back.
 */
const ALWAYS = ['--no-parallel-scavenge', '--no-maglev-destroy-on-background'];

/**
 * The young generation stays as large as the start has made it: 8 MB. V8 would double it, up to 32 MB, whenever as much as it
 * holds has survived since the last time.
 */
const SMALL = ['--semi-space-growth-factor=1', '--heap-growing-percent=20'];

/** What V8 does by itself. */
const LARGE = ['--semi-space-growth-factor=2', '--heap-growing-percent=0'];

let isSmall = false;

/**
 * Lets the heap grow little while there are few requests at a time: next to nothing of them survives, and a larger one
 * saves them no time. For many of them it does: their memory would be moved to the old generation, which takes long to
 * collect. So it grows freely once they come, see {@link noteInFlight}.
 *
 * Call it when the process is ready.
 */
export function keepHeapSmall(): void {
  // Compiled code is kept with the flags of V8, and is of no use with others: that of Node.js itself has been loaded by now,
  // and that of the runtime is written for the next start.
  flushCompileCache?.();
  setFlags([...ALWAYS, ...SMALL]);
  isSmall = true;
}

/** Notes how many requests are under way. It costs next to nothing. */
export function noteInFlight(requests: number): void {
  if (isSmall && requests > MANY_REQUESTS) {
    isSmall = false;
    setFlags(LARGE);
  }
}

function setFlags(flags: readonly string[]): void {
  for (const flag of flags) {
    setFlagsFromString(flag);
  }
}
