import { readFileSync } from 'node:fs';
import { restrictedContainer, restrictedPod } from './client-pod';
import { IRIS_FILE } from './iris';
import { IMAGE, type Manifest } from './manifests';
import type { Namespace } from './namespace';

const NAME = 'models';
const PORT = 8080;

/** Addresses of {@link startModelServer}. */
export const MODEL_SERVER = {
  /** The iris model. */
  whole: `http://${NAME}:${PORT}/whole.onnx`,
  /** The same; the connection of the first answer breaks in the middle, and the rest is given when it is asked for. */
  broken: `http://${NAME}:${PORT}/broken.onnx`,
  /** The same; the first answer stops in the middle, and its connection stays. */
  stuck: `http://${NAME}:${PORT}/stuck.onnx`,
  /** A megabyte. */
  large: `http://${NAME}:${PORT}/large.onnx`,
} as const;

/** Starts a web server in the cluster that has the iris model. */
export async function startModelServer(namespace: Namespace): Promise<void> {
  const labels = { app: NAME };
  await namespace.apply([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME },
      data: { 'server.js': PROGRAM },
      binaryData: { 'iris.onnx': readFileSync(IRIS_FILE).toString('base64') },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME },
      spec: { selector: labels, ports: [{ port: PORT }] },
    },
    pod(labels),
  ]);
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=120s']);
}

function pod(labels: Record<string, string>): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, labels },
    spec: {
      ...restrictedPod(),
      containers: [
        {
          name: 'server',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '/models/server.js'],
          readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
          ...restrictedContainer(),
          volumeMounts: [{ name: 'models', mountPath: '/models' }],
        },
      ],
      volumes: [{ name: 'models', configMap: { name: NAME } }],
    },
  };
}

const PROGRAM = `
  const { createServer } = require('node:http');
  const model = require('node:fs').readFileSync('/models/iris.onnx');
  const headers = { etag: '"iris"', 'accept-ranges': 'bytes' };
  let broken = 0;
  let stuck = 0;
  createServer((request, response) => {
    const first = Number(/^bytes=(\\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    console.log(request.url, 'from byte', first);
    const whole = request.url === '/large.onnx' ? Buffer.alloc(2 ** 20) : model;
    const rest = whole.subarray(first);
    response.writeHead(first === 0 ? 200 : 206, {
      ...headers,
      'content-length': rest.length,
      ...(first === 0 ? {} : { 'content-range': 'bytes ' + first + '-' + (whole.length - 1) + '/' + whole.length }),
    });
    if (request.url === '/broken.onnx' && broken++ === 0) {
      response.write(rest.subarray(0, rest.length >> 1), () => setTimeout(() => response.destroy(), 100));
    } else if (request.url === '/stuck.onnx' && stuck++ === 0) {
      response.write(rest.subarray(0, rest.length >> 1));
    } else {
      response.end(rest);
    }
  }).listen(${PORT});
`;
