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
const { build } = require('esbuild');

const { metafile: metafilePath } = parseArgs({ options: { metafile: { type: 'string' } } }).values;

const runtime = join(__dirname, '../runtime');
const outdir = join(runtime, 'build');

/** Parts of packages that are loaded with them and never used here: they are left out, by who asks for what. */
const UNUSED = {
  commander: ['node:child_process'],
  // Nothing of Express but its router is used.
  express: ['./application', './request', './response', 'body-parser', 'serve-static'],
  pino: ['./transport', './lib/transport'],
  'prom-client': ['./lib/cluster', './lib/pushgateway', './lib/summary', '@opentelemetry/api'],
};

const withoutUnused = {
  name: 'without-unused',
  setup({ onResolve, onLoad, onEnd }) {
    const leftOut = new Set();
    onResolve({ filter: /./ }, ({ path, importer }) => {
      const [, asking] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer) ?? [];
      if (!UNUSED[asking]?.includes(path)) {
        return undefined;
      }
      leftOut.add(`${asking} ${path}`);
      return { path, namespace: 'unused' };
    });
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: '' }));
    onEnd(() => {
      const named = Object.entries(UNUSED).flatMap(([asking, paths]) => paths.map((path) => `${asking} ${path}`));
      const gone = named.filter((name) => !leftOut.has(name));
      return { errors: gone.map((text) => ({ text: `UNUSED names what no package asks for any more: ${text}` })) };
    });
  },
};

async function bundle() {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
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
      '@confluentinc/kafka-javascript',
      '@duckdb/*',
      '@grpc/*',
      '@nats-io/*',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
      '@redis/client',
      'avsc',
      'google-auth-library',
      'jose',
      'pino-pretty',
      'protobufjs',
    ],
    plugins: [withoutUnused],
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
}

void bundle();
