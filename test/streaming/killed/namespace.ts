import { execFileSync, spawnSync } from 'node:child_process';

/** A network namespace of its own, as a need of `describeWith`. */
export const NETWORK_NAMESPACE = {
  what: 'root, and ip (iproute2)',
  present: process.getuid?.() === 0 && spawnSync('ip', ['-V']).status === 0,
};

/** A network of two: this machine, and processes that are started inside. */
export interface Namespace {
  /** Address of this machine for those inside. */
  readonly host: string;

  /** What a command is run by to be inside. */
  readonly through: readonly string[];

  /** Cuts the wire, or joins it again. Nobody is told: packets are lost. */
  cut(isCut: boolean): void;
  remove(): void;
}

/** Makes a namespace; it is there until it is removed. */
export function makeNamespace(): Namespace {
  const id = process.pid % 60_000;
  const name = `stream-${id}`;
  const [outside, inside] = [`so-${id}`, `si-${id}`];
  const subnet = `10.${200 + (id % 50)}.${Math.floor(id / 50) % 250}`;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  // An address of no wire, so that this machine keeps it while the wire is cut.
  const host = `${subnet}.9`;
  ip('address', 'add', `${host}/32`, 'dev', 'lo');
  ip('netns', 'add', name);
  ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
  ip('address', 'add', `${subnet}.1/30`, 'dev', outside);
  ip('link', 'set', outside, 'up');
  ip('-n', name, 'address', 'add', `${subnet}.2/30`, 'dev', inside);
  ip('-n', name, 'link', 'set', inside, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'route', 'add', host, 'via', `${subnet}.1`);
  return {
    host,
    through: ['ip', 'netns', 'exec', name],
    cut: (isCut) => ip('link', 'set', outside, isCut ? 'down' : 'up'),
    remove: () => {
      ip('netns', 'delete', name);
      ip('address', 'delete', `${host}/32`, 'dev', 'lo');
    },
  };
}
