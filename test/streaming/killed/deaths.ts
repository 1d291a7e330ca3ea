import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where a process is killed, by its own hand, so that it is exactly there:
 * after the outputs are sent and before the offsets are (`sent`), after the offsets are sent to the transaction (`offsets`), in the middle of a
 * commit, a random while of up to 4 ms after it was asked for (`committing`), and after the commit (`committed`).
 */
export const POINTS = ['sent', 'offsets', 'committing', 'committed'] as const;
export type Point = (typeof POINTS)[number];

/** Loaded into each process, before Kafka's client is used: KILL_AT is `point:times`. */
const HOOK = `
const { appendFileSync } = require('node:fs');
const { KILL_AT = '', KILLED = '', KILL_ID = '', KAFKA_CLIENT = '' } = process.env;
const [point, times] = KILL_AT.split(':');
let left = Number(times);
const die = () => {
  appendFileSync(KILLED, point + ' ' + KILL_ID + '\\n');
  process.kill(process.pid, 'SIGKILL');
};
const reached = (name) => name === point && --left === 0;
const { RdKafka } = require(KAFKA_CLIENT);
const { Producer, KafkaConsumer } = RdKafka;
const wrap = (prototype, name, change) => {
  const before = prototype[name];
  prototype[name] = function (...args) {
    return change.call(this, args, () => before.apply(this, args));
  };
};
const after = (name) => (args, call) => {
  const done = args.at(-1);
  args[args.length - 1] = (error, ...rest) => (!error && reached(name) ? die() : done(error, ...rest));
  return call();
};
wrap(Producer.prototype, 'sendOffsetsToTransaction', function (args, call) {
  return reached('sent') ? die() : after('offsets')(args, call);
});
wrap(Producer.prototype, 'commitTransaction', function (args, call) {
  if (reached('committing')) {
    const returned = call();
    setTimeout(die, Math.random() * 4);
    return returned;
  }
  return after('committed')(args, call);
});
// Without transactions: the outputs are there when offsets are committed.
wrap(KafkaConsumer.prototype, 'commit', function (args, call) {
  if (reached('sent')) {
    return die();
  }
  const returned = call();
  if (reached('committing')) {
    setTimeout(die, Math.random() * 4);
  }
  return returned;
});
`;

/** Deaths that are planned, and those that have come. */
export class Deaths {
  private readonly hook: string;
  private readonly log: string;
  private readonly plan: Point[];
  private readonly total: number;
  private starts = 0;

  /** @param each how many at each point */
  constructor(directory: string, points: readonly Point[], each: number) {
    this.hook = join(directory, 'death.cjs');
    this.log = join(directory, 'deaths');
    writeFileSync(this.hook, HOOK);
    this.plan = points.flatMap((point) => Array.from({ length: each }, () => point));
    this.total = this.plan.length;
  }

  /** Deaths for which there is no process. */
  get planned(): number {
    return this.plan.length;
  }

  /** Deaths that have not come yet. */
  get toCome(): number {
    return this.total - this.lines().length;
  }

  /** Deaths so far, by their points. */
  get died(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const line of this.lines()) {
      const [point = ''] = line.split(' ');
      counts[point] = (counts[point] ?? 0) + 1;
    }
    return counts;
  }

  /** Environment of the next process, which dies the next death of the plan. */
  next(): Record<string, string> {
    const point = this.plan.splice(Math.floor(Math.random() * this.plan.length), 1)[0];
    if (point === undefined) {
      return {};
    }
    this.starts++;
    return {
      NODE_OPTIONS: `--require ${this.hook}`,
      KILL_AT: `${point}:${1 + Math.floor(Math.random() * 4)}`,
      KILL_ID: `${this.starts}`,
      KILLED: this.log,
      KAFKA_CLIENT: require.resolve('@confluentinc/kafka-javascript'),
    };
  }

  /** Puts a death back that did not come, because its process has ended otherwise. */
  over(environment: Record<string, string>): void {
    const point = environment.KILL_AT?.split(':')[0] as Point | undefined;
    if (point !== undefined && !this.lines().includes(`${point} ${environment.KILL_ID}`)) {
      this.plan.push(point);
    }
  }

  private lines(): string[] {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').trim().split('\n') : [];
  }
}
