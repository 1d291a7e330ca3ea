import { EXIT_CODES, type RolloutStatus } from '../contract';
import {
  type AccessOptions,
  type FoundRollout,
  findRollout,
  type LeaseObject,
  openAccess,
  type RolloutAccess,
  type RolloutSnapshot,
  snapshotOf,
  untilSeen,
} from '../rollout';
import { ChangeLines } from './rollout-changes';
import { pictureOf } from './rollout-picture';
import { Screen } from './rollout-screen';
import { durationText, paintFor } from './rollout-text';

/** Options of `model-serving rollout status`. */
export interface StatusOptions extends AccessOptions {
  readonly watch?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;

  /** Seconds. */
  readonly timeout?: number;
}

const REDRAW_MILLIS = 1000;

/** Shows a rollout: once, live, or until it has ended. */
export async function rolloutStatus(name: string | undefined, options: StatusOptions): Promise<void> {
  const access = openAccess(options);
  const rollout = await findRollout(access, name);
  if (options.watch !== true && options.wait !== true) {
    await showOnce(access, rollout, options);
    return;
  }
  const ending = new AbortController();
  const follow = options.watch === true && options.json !== true && process.stdout.isTTY ? onScreen : asLines;
  const ended = await follow(access, rollout.name, options, ending);
  if (options.wait === true) {
    endWith(rollout.name, ended, options, ending.signal.aborted);
  }
}

async function showOnce(access: RolloutAccess, found: FoundRollout, { json }: StatusOptions): Promise<void> {
  const { name, object = await access.read(name) } = found;
  const lease = json === true ? undefined : await access.readLease(name);
  const snapshot = snapshotOf(object);
  if (json !== true) {
    const now = Date.now();
    const width = process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
    const options = { paint: paintFor(process.stdout), width, now, silentMillis: silenceOf(lease, now) };
    write(pictureOf(snapshot, options).join('\n'));
  } else if (snapshot.status === undefined) {
    throw new Error(`The controller of ${name} has not written a status yet: it starts, or does not run.`);
  } else {
    write(JSON.stringify(snapshot.status, undefined, 2));
  }
}

/** How long ago a controller has renewed its Lease. */
function silenceOf(lease: LeaseObject | undefined, now: number): number | undefined {
  const renewed = Date.parse(lease?.spec?.renewTime ?? '');
  return Number.isNaN(renewed) ? undefined : now - renewed;
}

/** Follows a rollout by lines, one for each change. */
async function asLines(
  access: RolloutAccess,
  name: string,
  options: StatusOptions,
  ending: AbortController,
): Promise<RolloutStatus | undefined> {
  const changes = new ChangeLines(options.json === true);
  return untilSeen(access, name, { timeoutMillis: timeoutOf(options), signal: ending.signal }, (object) => {
    const snapshot = snapshotOf(object);
    for (const line of changes.of(snapshot)) {
      write(line);
    }
    return options.wait === true ? endOf(snapshot) : undefined;
  });
}

/** Follows a rollout by a picture that is drawn in place. */
async function onScreen(
  access: RolloutAccess,
  name: string,
  options: StatusOptions,
  ending: AbortController,
): Promise<RolloutStatus | undefined> {
  const paint = paintFor(process.stdout);
  let snapshot: RolloutSnapshot | undefined;
  let heard = Date.now();
  let lost: Error | undefined;
  const screen = new Screen(process.stdout, () => ending.abort());
  const redraw = () =>
    screen.show((width) => {
      const now = Date.now();
      const picture =
        snapshot === undefined ? [] : pictureOf(snapshot, { paint, width, now, silentMillis: now - heard });
      return lost === undefined
        ? picture
        : [paint('yellow', `Not connected: ${lost.message}`.slice(0, width)), ...picture];
    });
  const timer = setInterval(redraw, REDRAW_MILLIS);
  const onState = (_: boolean, error?: Error) => {
    lost = error;
    redraw();
  };
  try {
    const limits = { timeoutMillis: timeoutOf(options), signal: ending.signal, onState };
    return await untilSeen(access, name, limits, (object) => {
      const next = snapshotOf(object);
      heard = next.heartbeat === snapshot?.heartbeat ? heard : Date.now();
      snapshot = next;
      redraw();
      return options.wait === true ? endOf(next) : undefined;
    });
  } finally {
    clearInterval(timer);
    screen.close();
  }
}

/** The status of a rollout that has ended; undefined while it goes on. */
function endOf({ status, declaredCandidate }: RolloutSnapshot): RolloutStatus | undefined {
  const isOver = status?.phase === 'Promoted' || status?.phase === 'RolledBack';
  return isOver && declaredCandidate === undefined ? status : undefined;
}

function endWith(name: string, ended: RolloutStatus | undefined, options: StatusOptions, isInterrupted: boolean): void {
  if (ended?.phase === 'Promoted') {
    return;
  }
  process.exitCode = EXIT_CODES.failure;
  if (ended === undefined && !isInterrupted) {
    throw new Error(`${name} has not ended within ${durationText(timeoutOf(options) ?? 0)}.`);
  }
}

function timeoutOf({ timeout }: StatusOptions): number | undefined {
  return timeout === undefined ? undefined : timeout * 1000;
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
