/**
 * Builds the runtime image and says what is inside: `npm run image`.
 *
 *   --tag NAME        name of the image (default: the one that the library writes into manifests)
 *   --platform NAME   linux/amd64 or linux/arm64 (default: that of the container engine)
 *   --no-cache        builds every step anew
 *   --verify          builds a second time without any cache, and fails unless the image is the same
 *   -- ARGUMENTS      go to the builder, for example `-- --secret id=npmrc,src=$HOME/.npmrc`
 *
 * The bill of materials and the sizes are written to packages/image. The environment variables CONTAINER_ENGINE and
 * IMAGE_BUILDER choose other tools than docker or podman; SOURCE_DATE_EPOCH another time than that of the commit.
 */

const { execFileSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
require('tsx/cjs');
const { DEFAULT_IMAGE, RUNTIME_VERSION } = require('../../lib/contract');
const { readImage } = require('./archive');
const { build, copyOut, findEngine, save, untag } = require('./engine');
const { differences, sizesOf, totalOf } = require('./parts');

const ROOT = join(__dirname, '../..');
const TARGET = join(ROOT, 'packages/image');
const BILL_OF_MATERIALS = '/usr/share/sbom/model-serving.cdx.json';
/** Packages with less than this share of the image are shown as one line. */
const SHOWN_SHARE = 0.005;

const { values, positionals: extra } = parseArgs({
  options: {
    tag: { type: 'string', default: DEFAULT_IMAGE },
    platform: { type: 'string' },
    'no-cache': { type: 'boolean', default: false },
    verify: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

async function main() {
  const engine = findEngine();
  const image = await buildAndRead(engine, values.tag, values['no-cache']);
  report(image);
  mkdirSync(TARGET, { recursive: true });
  copyOut(engine, values.tag, BILL_OF_MATERIALS, join(TARGET, 'model-serving.cdx.json'));
  const { digest } = image;
  writeFileSync(
    join(TARGET, 'sizes.json'),
    `${JSON.stringify({ digest, ...totalOf(image), parts: sizesOf(image) }, null, 2)}\n`,
  );
  if (values.verify) {
    await verify(engine, image);
  }
}

async function buildAndRead(engine, tag, anew) {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct'));
  const started = performance.now();
  build(engine, {
    tag,
    context: ROOT,
    file: join(ROOT, 'runtime/Dockerfile'),
    epoch,
    arguments: {
      VERSION: RUNTIME_VERSION,
      REVISION: git('describe', '--always', '--abbrev=40', '--dirty', '--exclude=*'),
      CREATED: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    },
    extra: [...(values.platform ? ['--platform', values.platform] : []), ...(anew ? ['--no-cache'] : []), ...extra],
  });
  console.log(`${tag} built in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const folder = mkdtempSync(join(tmpdir(), 'model-serving-image-'));
  try {
    const archive = join(folder, 'image.tar');
    save(engine, tag, archive);
    const contents = join(folder, 'contents');
    mkdirSync(contents);
    return await readImage(archive, contents);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(image) {
  const total = totalOf(image);
  const sizes = sizesOf(image);
  const shown = sizes.filter(({ unpacked }) => unpacked >= total.unpacked * SHOWN_SHARE);
  const small = sizes.slice(shown.length);
  const rest = {
    part: `${small.length} smaller packages`,
    unpacked: sumOf(small.map(({ unpacked }) => unpacked)),
    compressed: sumOf(small.map(({ compressed }) => compressed)),
  };
  console.log(`image id ${image.digest}\n`);
  const line = (part, unpacked, compressed) =>
    console.log(`${part.padEnd(40)}${unpacked.padStart(14)}${compressed.padStart(14)}`);
  line('part (MB)', 'unpacked', 'compressed');
  for (const { part, unpacked, compressed } of [...shown, rest, { part: 'total', ...total }]) {
    line(part, megabytes(unpacked), megabytes(compressed));
  }
}

async function verify(engine, image) {
  const tag = `${values.tag}-verify`;
  const again = await buildAndRead(engine, tag, true);
  untag(engine, tag);
  const different = differences(image, again);
  if (again.digest !== image.digest) {
    throw new Error([`the second build is another image: ${again.digest}`, ...different].join('\n'));
  }
  console.log('the second build, without any cache, is the same image');
}

const sumOf = (numbers) => numbers.reduce((sum, each) => sum + each, 0);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
