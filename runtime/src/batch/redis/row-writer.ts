import { bucketOf, type TableKeys, WRITE_ROWS } from '../../prediction-table';
import type { PatientRedis } from './patient-redis';

/** Rows that wait for others of the same hash; a command for many rows costs little more than one for one. */
const WAITING_ROWS = 131_072;
const WAITING_CHARACTERS = 16 * 1024 * 1024;

/** Size of a pipeline. */
const SENT_ROWS = 4096;
const SENT_CHARACTERS = 1024 * 1024;

/** Pipelines that are under way: one is written while the server works on the other. */
const UNDER_WAY = 2;

/** Most rows of one command: a script takes no more than some thousand arguments. */
const COMMAND_ROWS = 1000;

/** Options of {@link RowWriter}. */
export interface RowWriterOptions {
  readonly redis: PatientRedis;
  readonly keys: TableKeys;
  readonly run: string;
  readonly buckets: number;
  readonly timeToLiveMillis: number;
}

/** Writes rows into the hashes of a run. Of rows with the same key the last one stays. */
export class RowWriter {
  private readonly waiting = new Map<number, string[]>();
  private rows = 0;
  private characters = 0;

  constructor(private readonly options: RowWriterOptions) {}

  /** Adds a row. @returns when there is memory for more; undefined = there is */
  add(key: string, text: string): Promise<void> | undefined {
    const bucket = bucketOf(key, this.options.buckets);
    const group = this.waiting.get(bucket);
    if (group === undefined) {
      this.waiting.set(bucket, [key, text]);
    } else {
      group.push(key, text);
    }
    this.rows += 1;
    this.characters += key.length + text.length;
    return this.rows >= WAITING_ROWS || this.characters >= WAITING_CHARACTERS ? this.flush() : undefined;
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    const { redis } = this.options;
    const groups = [...this.waiting];
    this.waiting.clear();
    this.rows = 0;
    this.characters = 0;
    const underWay = new Set<Promise<unknown>>();
    let commands: string[][] = [];
    let rows = 0;
    let characters = 0;
    const send = () => {
      const sent = redis.ask(commands).finally(() => underWay.delete(sent));
      // Whoever waits for it below learns of its failure; until then it is nobody's.
      sent.catch(() => undefined);
      underWay.add(sent);
      commands = [];
      rows = 0;
      characters = 0;
    };
    for (const [bucket, group] of groups) {
      for (let from = 0; from < group.length; from += 2 * COMMAND_ROWS) {
        const part = group.slice(from, from + 2 * COMMAND_ROWS);
        commands.push(this.command(bucket, part));
        rows += part.length / 2;
        characters += part.reduce((sum, text) => sum + text.length, 0);
      }
      if (rows >= SENT_ROWS || characters >= SENT_CHARACTERS) {
        send();
        if (underWay.size >= UNDER_WAY) {
          await Promise.race(underWay);
        }
      }
    }
    if (commands.length > 0) {
      send();
    }
    await Promise.all(underWay);
  }

  private command(bucket: number, rows: readonly string[]): string[] {
    const { keys, run, timeToLiveMillis } = this.options;
    return ['EVALSHA', WRITE_ROWS.sha1, '2', keys.bucket(run, bucket), keys.run(run), `${timeToLiveMillis}`, ...rows];
  }
}
