import { readFileSync } from 'node:fs';
import { IRIS_FILE } from './iris';
import type { Namespace } from './namespace';
import { serverPod } from './server-pod';

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
  await namespace.apply([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME },
      data: { 'server.js': PROGRAM },
      binaryData: { 'iris.onnx': readFileSync(IRIS_FILE).toString('base64') },
    },
    ...serverPod({
      name: NAME,
      port: PORT,
      command: ['node', '/models/server.js'],
      mountPath: '/models',
      volume: { configMap: { name: NAME } },
    }),
  ]);
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=120s']);
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
