/**
 * Compiles the runtime into runtime/build: one file for the command, and one for the worker threads of models.
 *
 * What every start needs is in the file, since hundreds of small files are slow to find and to read. What only some starts
 * need stays a package of its own, and is loaded when it is used.
 */

const { rmSync } = require('node:fs');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

const runtime = join(__dirname, '../runtime');
const outdir = join(runtime, 'build');

rmSync(outdir, { recursive: true, force: true });
buildSync({
  entryPoints: [join(runtime, 'src/main.ts'), join(runtime, 'src/model/engine-worker.ts')],
  entryNames: '[name]',
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  legalComments: 'linked',
  external: [
    'onnxruntime-node',
    '@aws-sdk/*',
    '@azure/*',
    '@grpc/*',
    '@opentelemetry/exporter-trace-otlp-http',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-trace',
    '@redis/client',
    'google-auth-library',
    'jose',
    'pino-pretty',
  ],
  logLevel: 'warning',
});
