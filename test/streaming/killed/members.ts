import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Deaths } from './deaths';

const BIN = process.env.MODEL_SERVING_BIN ?? resolve(__dirname, '../../../runtime/bin/model-serving.js');
const DRAIN_MILLIS = 30_000;

/** How a process is made. */
export interface MemberOptions {
  /** Name of the pod, which the process before had too. */
  readonly pod: string;
  readonly config: string;
  readonly directory: string;
  readonly deaths: Deaths;

  /** What it is run by. */
  readonly through?: readonly string[];
}

/** A pod of a consumer: a process that is started again when it has ended. */
export class Member {
  private child: ChildProcess | undefined;
  private stopping = false;
  private readonly life: Promise<void>;

  /** Starts so far. */
  starts = 0;

  /** Ends that nobody has caused: exit code or signal, and what was said last. */
  readonly unexpected: string[] = [];

  constructor(private readonly options: MemberOptions) {
    this.life = this.live();
  }

  get pod(): string {
    return this.options.pod;
  }

  get logPath(): string {
    return join(this.options.directory, `${this.pod}.log`);
  }

  /** The end of what its processes have said. */
  log(): string {
    return readFileSync(this.logPath, 'utf8').slice(-4000);
  }

  signal(name: NodeJS.Signals): void {
    const { child } = this;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill(name);
    }
  }

  /** Asks the process to drain, and starts no other one. */
  async leave(): Promise<void> {
    this.stopping = true;
    this.signal('SIGTERM');
    const timer = setTimeout(() => {
      this.unexpected.push('no end after SIGTERM');
      this.signal('SIGKILL');
    }, DRAIN_MILLIS);
    await this.life;
    clearTimeout(timer);
  }

  /** Ends it at once, for good. */
  async kill(): Promise<void> {
    this.stopping = true;
    this.signal('SIGCONT');
    this.signal('SIGKILL');
    await this.life;
  }

  private async live(): Promise<void> {
    while (!this.stopping) {
      this.starts++;
      const death = this.options.deaths.next();
      const end = await this.run(death);
      this.options.deaths.over(death);
      const isKilled = end === 'SIGKILL';
      if (!isKilled && !(this.stopping && (end === 0 || end === 'SIGTERM'))) {
        this.unexpected.push(`${this.pod} ended with ${end}: ${this.log().trim().split('\n').at(-1)}`);
        appendFileSync(this.logPath, `ended with ${end}\n`);
      }
    }
  }

  private run(death: Record<string, string>): Promise<number | string> {
    const { pod, config, through = [] } = this.options;
    const role = ['stream', 'run', '--config', config, '--metrics-port', '0'];
    const [program = '', ...args] = [...through, process.execPath, BIN, ...role];
    const log = openSync(this.logPath, 'a');
    const env = { ...process.env, MODEL_SERVING_POD: pod, MODEL_SERVING_HOST: '127.0.0.1', ...death };
    const child = spawn(program, args, { env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    return new Promise((done, failed) => {
      child.once('error', failed);
      child.once('exit', (code, signal) => done(code ?? signal ?? 'unknown'));
    });
  }
}
