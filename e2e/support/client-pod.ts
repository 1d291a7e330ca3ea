import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { Outcome } from '../../test/support/grpc-client';
import type { Command, HttpAnswer, KafkaWriteCommand, LoadCommand, LoadResult, ReadRecord } from '../client/command';
import { IMAGE, type Manifest } from './manifests';
import type { Namespace } from './namespace';

const ROOT = join(__dirname, '../..');
const NAME = 'client';
const MOUNT = '/e2e';
const PROGRAM = `${MOUNT}/e2e/client/main.js`;

// Laid out as in the repository: the gRPC client reads the description of the protocol by its relative path.
const PROTOCOL = ['open_inference.proto', 'health.proto'];

/**
 * A pod that calls models as their clients do: inside the cluster, by the name of the Service, through the network policies.
 * It needs no image but that of the runtime, and nothing of the machine that the tests run on: no port is forwarded, which
 * would go to one pod and end with it.
 */
export class ClientPod {
  /** Starts the pod; resolves when it is ready for calls. */
  static async start(namespace: Namespace): Promise<ClientPod> {
    // Created, not applied: the program is larger than the annotation that `apply` keeps.
    await namespace.kubectl(['create', '--warnings-as-errors', '-f', '-'], JSON.stringify(configMap()));
    await namespace.apply([pod()]);
    await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=120s']);
    return new ClientPod(namespace);
  }

  private constructor(private readonly namespace: Namespace) {}

  /** Sends a request over HTTP; a POST when there is a body. */
  http(url: string, body?: unknown, headers?: Record<string, string>): Promise<HttpAnswer> {
    return this.run({ kind: 'http', url, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  /** Sends a JSON body; returns the JSON of an answer that has to be 200. */
  async predict<T>(url: string, body: unknown, headers?: Record<string, string>): Promise<T> {
    const answer = await this.http(url, body, headers);
    expect({ status: answer.status, error: answer.status === 200 ? '' : answer.body }).toEqual({
      status: 200,
      error: '',
    });
    return JSON.parse(answer.body) as T;
  }

  /** Calls a method over gRPC. */
  grpc(address: string, method: string, request: object, metadata?: Record<string, string>): Promise<Outcome> {
    return this.run({ kind: 'grpc', address, method, request, metadata });
  }

  /** Loads an address while something happens. */
  async load(
    command: Pick<LoadCommand, 'url'> & { readonly body: unknown },
    during: () => Promise<void>,
  ): Promise<LoadResult> {
    const settings = { connections: 32, newConnections: 8, pauseMillis: 200 };
    const child = spawn(
      'kubectl',
      this.args({ kind: 'load', ...settings, url: command.url, body: JSON.stringify(command.body) }),
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    try {
      await during();
    } finally {
      // The end of its input ends the load.
      child.stdin.end();
      await ended;
    }
    return JSON.parse(Buffer.concat(chunks).toString()) as LoadResult;
  }

  /** Writes records to a topic; resolves when the broker has them all. */
  kafkaWrite({ records, ...command }: KafkaWriteCommand): Promise<number> {
    return this.run({ kind: 'kafka-write', ...command }, JSON.stringify(records));
  }

  /** All committed records of a topic, in the order of each partition. */
  kafkaRead(servers: string, topic: string): Promise<ReadRecord[]> {
    return this.run({ kind: 'kafka-read', servers, topic });
  }

  private async run<T>(command: Command, input?: string): Promise<T> {
    return JSON.parse(await this.namespace.kubectl(this.args(command).slice(2), input)) as T;
  }

  private args(command: Command): string[] {
    const words = ['exec', '--stdin', NAME, '--', 'node', PROGRAM, JSON.stringify(command)];
    return ['--namespace', this.namespace.name, ...words];
  }
}

function configMap(): Manifest {
  const { outputFiles } = buildSync({
    entryPoints: [join(ROOT, 'e2e/client/main.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    // Native code, which the runtime image has.
    external: ['@confluentinc/kafka-javascript'],
    write: false,
  });
  const protocol = PROTOCOL.map((file) => [file, readFileSync(join(ROOT, 'conformance/protocol', file), 'utf8')]);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: NAME },
    data: { 'main.js': outputFiles[0]?.text, ...Object.fromEntries(protocol) },
  };
}

function pod(): Manifest {
  const items = [
    { key: 'main.js', path: 'e2e/client/main.js' },
    ...PROTOCOL.map((file) => ({ key: file, path: `conformance/protocol/${file}` })),
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME },
    spec: {
      ...restrictedPod(),
      containers: [
        {
          name: 'client',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          args: ['sleep', '--seconds', '86400'],
          env: [{ name: 'NODE_PATH', value: '/opt/model-serving/node_modules' }],
          ...restrictedContainer(),
          volumeMounts: [{ name: 'program', mountPath: MOUNT }],
        },
      ],
      volumes: [{ name: 'program', configMap: { name: NAME, items } }],
    },
  };
}

/** What the Restricted Pod Security Standard wants of a pod. */
export function restrictedPod(): Manifest {
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** What the Restricted Pod Security Standard wants of a container, and small resources. */
export function restrictedContainer(): Manifest {
  return {
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
}
