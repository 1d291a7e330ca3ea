import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../support/free-port';
import { isSecured, type KafkaOptions, serverProperties } from './properties';

const JARS = process.env.KAFKA_JARS ?? resolve(__dirname, '../../../node_modules/.cache/kafka');

const SERVER = 'kafka.Kafka';

/** Names the cluster; the same for all, so that a message of one is never taken for another's by chance in its log. */
const CLUSTER_ID = 'bW9kZWwtc2VydmluZy10ZQ';

/** Soon there, and small: most brokers of tests see a few thousand events. */
const JAVA_OPTIONS = ['-Xms64m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const LOG_OPTIONS = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];

/**
 * Loaded classes of an earlier start, which halve the time of the next (class data sharing). Made by the first broker that ends;
 * of another Java, or older than the jars, it is not used.
 */
const ARCHIVE = join(JARS, 'classes.jsa');

/** A machine that does much else at the same time needs many times the three seconds of an idle one. */
const START_MILLIS = 60_000;

/** Whether this machine has what a broker is started with. */
export const KAFKA_IS_HERE =
  existsSync(JARS) &&
  readdirSync(JARS).some((name) => name.startsWith('kafka_2.13-')) &&
  spawnSync('java', ['-version']).status === 0;

/** The process of a Kafka server (KRaft: broker and controller in one), with a directory of its own. */
export class KafkaBroker {
  /** Starts one, formatted and without topics, on free ports. */
  static async start(options: KafkaOptions = {}): Promise<KafkaBroker> {
    const directory = mkdtempSync(join(tmpdir(), 'kafka-test-'));
    const ports = { plain: await freePort(), controller: await freePort(), secured: await freePort() };
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'server.properties'), serverProperties(directory, ports, options));
    const broker = new KafkaBroker(directory, ports.plain, isSecured(options) ? ports.secured : undefined, options);
    try {
      broker.format();
      await broker.restart();
    } catch (error) {
      await broker.stop();
      throw error;
    }
    return broker;
  }

  private child: ChildProcess | undefined;
  private readonly records = !existsSync(ARCHIVE);

  private constructor(
    private readonly directory: string,
    private readonly port: number,
    private readonly securedPort: number | undefined,
    private readonly options: KafkaOptions,
  ) {}

  /** Address for clients without login and TLS. */
  get bootstrapServers(): string {
    return `${this.host}:${this.port}`;
  }

  /** Address of the listener with login or TLS. */
  get secured(): string {
    return `${this.host}:${this.securedPort}`;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  /** Ends the process, by default as if the machine had failed. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.child;
    this.child = undefined;
    if (running !== undefined && running.exitCode === null && running.signalCode === null) {
      const exited = new Promise((done) => running.once('exit', done));
      running.kill('SIGCONT');
      running.kill(signal);
      await exited;
    }
  }

  /** Starts it (again) on the same ports, with what it had written. */
  async restart(): Promise<void> {
    await this.kill();
    const log = openSync(this.logPath, 'a');
    const [program = '', ...args] = [...(this.options.through ?? []), 'java', ...this.java(SERVER)];
    const child = spawn(program, [...args, this.propertiesPath], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    const end = performance.now() + START_MILLIS;
    while (!(await canConnect(this.host, this.port))) {
      const ending = child.exitCode ?? child.signalCode;
      if (ending !== null || performance.now() > end) {
        const what = ending === null ? 'does not answer' : `has ended with ${ending}`;
        throw new Error(`Kafka ${what}:\n${this.log().slice(-4000)}`);
      }
      await wait(20);
    }
  }

  /** Stops the process from running without closing its connections, or lets it run again. */
  freeze(frozen: boolean): void {
    this.child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** What the server has logged: warnings and errors. */
  log(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  /** Ends the process and removes its files. */
  async stop(): Promise<void> {
    // Classes are written by a process that ends by itself.
    await this.kill(this.records ? 'SIGTERM' : 'SIGKILL');
    if (this.records && existsSync(this.recordPath)) {
      // Beside it first: the temporary directory may be on another file system.
      copyFileSync(this.recordPath, `${ARCHIVE}.${process.pid}`);
      renameSync(`${ARCHIVE}.${process.pid}`, ARCHIVE);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private format(): void {
    const { login } = this.options;
    const isScram = login?.mechanism.startsWith('SCRAM') === true;
    const user = `${login?.mechanism}=[name=${login?.username},password=${login?.password}]`;
    execFileSync(
      'java',
      [
        ...[...this.java('kafka.tools.StorageTool'), 'format', '--cluster-id', CLUSTER_ID],
        ...['--config', this.propertiesPath, ...(isScram ? ['--add-scram', user] : [])],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  }

  private java(main: string): string[] {
    const options = [...(this.options.javaOptions ?? JAVA_OPTIONS), ...LOG_OPTIONS, '-Xlog:cds=off', '-Xshare:auto'];
    if (!this.records) {
      options.push(`-XX:SharedArchiveFile=${ARCHIVE}`);
    } else if (main === SERVER) {
      options.push(`-XX:ArchiveClassesAtExit=${this.recordPath}`);
    }
    return [...options, '-cp', join(JARS, '*'), main];
  }

  private get host(): string {
    return this.options.host ?? '127.0.0.1';
  }

  private get propertiesPath(): string {
    return join(this.directory, 'server.properties');
  }

  private get recordPath(): string {
    return join(this.directory, 'classes.jsa');
  }

  private get logPath(): string {
    return join(this.directory, 'server.log');
  }
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
