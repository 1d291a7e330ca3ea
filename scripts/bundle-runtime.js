/**
 * Compiles the runtime into runtime/build: one file for the command, and one for the worker threads of models.
 *
 * What every start needs is in the file, since hundreds of small files are slow to find and to read. What only some starts
 * need stays a package of its own, and is loaded when it is used.
 *
 * `--metafile FILE` writes what went in and what stayed outside, in esbuild's form; the image is made from it.
 */

const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { buildSync } = require('esbuild');

const { metafile: metafilePath } = parseArgs({ options: { metafile: { type: 'string' } } }).values;

const runtime = join(__dirname, '../runtime');
const outdir = join(runtime, 'build');

rmSync(outdir, { recursive: true, force: true });
const { metafile } = buildSync({
  absWorkingDir: join(__dirname, '..'),
  entryPoints: [join(runtime, 'src/main.ts'), join(runtime, 'src/model/engine-worker.ts')],
  entryNames: '[name]',
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  legalComments: 'linked',
  metafile: true,
  // The engine keeps the text in memory. Names and lines stay, for the traces of errors.
  minifyWhitespace: true,
  lineLimit: 120,
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

if (metafilePath !== undefined) {
  writeFileSync(metafilePath, JSON.stringify(metafile));
}

// One character that is not ASCII, and the text takes two bytes a character in memory.
for (const name of ['main.js', 'engine-worker.js']) {
  if (/[^\0-\x7f]/.test(readFileSync(join(outdir, name), 'utf8'))) {
    throw new Error(`${name} has characters that are not ASCII: find what esbuild cannot escape.`);
  }
}
