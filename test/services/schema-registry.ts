import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';

const HOME = process.env.APICURIO_HOME ?? resolve(__dirname, '../../node_modules/.cache/apicurio');
const JAVA_OPTIONS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx256m'];

/** Longest time of a start on a busy machine. */
const START_MILLIS = 60_000;

/** A schema registry, as a need of `describeWith`. */
export const SCHEMA_REGISTRY = {
  what: 'Apicurio Registry (java, and mvn -f test/services/schema-registry/pom.xml generate-resources)',
  present: runner() !== undefined && spawnSync('java', ['-version']).status === 0,
};

/** A schema registry of this machine that keeps its schemas in memory. */
export interface SchemaRegistry {
  /** Of the interface that Confluent's registry has. */
  readonly url: string;

  stop(): Promise<void>;
}

const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

/** Starts a registry (about five seconds). It is stopped when the tests of the file have run. */
export async function startSchemaRegistry(): Promise<SchemaRegistry> {
  const port = await freePort();
  const settings = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': `${port}`,
    'apicurio.storage.kind': 'sql',
  };
  const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  const child = spawn('java', [...JAVA_OPTIONS, ...properties, '-jar', runner() ?? ''], { stdio: 'ignore' });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = () => {
    child.kill('SIGKILL');
    return ended;
  };
  stops.push(stop);
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  await eventually(
    'the schema registry answers',
    async () => (await fetch(`${url}/subjects`)).status === 200,
    START_MILLIS,
  );
  return { url, stop };
}

function runner(): string | undefined {
  const name = existsSync(HOME) ? readdirSync(HOME).find((each) => each.endsWith('-runner.jar')) : undefined;
  return name === undefined ? undefined : join(HOME, name);
}
