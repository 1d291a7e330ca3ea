/** What is inside an image, read from what `docker save` or `podman save` writes. */

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { createReadStream, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { buffer } = require('node:stream/consumers');
const { createGzip } = require('node:zlib');
const { extract } = require('tar-stream');

/**
 * Reads an archive.
 *
 * @param archive the file
 * @param folder an empty folder for its contents
 * @returns `digest` of the configuration `config`, by which two equal images are known; `layers`, each with its bytes `compressed`
 *   as registries compress them and its `entries` as {@link readLayer} gives them
 */
async function readImage(archive, folder) {
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  const [manifest] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const config = readFileSync(join(folder, manifest.Config));
  const layers = [];
  for (const name of manifest.Layers) {
    const layer = join(folder, name);
    layers.push({ compressed: await compressedBytes(createReadStream(layer)), entries: await readLayer(layer) });
  }
  return { digest: `sha256:${sha256(config)}`, config: JSON.parse(config), layers };
}

/**
 * Entries of a layer: path, type, mode, owner, time and what a link points to, with the bytes of a file, unpacked and
 * compressed, and their SHA-256.
 */
async function readLayer(file) {
  const entries = [];
  const archive = createReadStream(file).pipe(extract());
  for await (const entry of archive) {
    const { name, type, mode, uid, gid, mtime, linkname } = entry.header;
    const content = await buffer(entry);
    entries.push({
      path: name.replace(/^\.?\/|\/$/g, ''),
      about: [type, mode.toString(8), uid, gid, mtime.toISOString(), linkname].join(' '),
      unpacked: content.length,
      compressed: content.length === 0 ? 0 : await compressedBytes([content]),
      sha256: sha256(content),
    });
  }
  return entries;
}

async function compressedBytes(source) {
  const gzip = createGzip();
  const written = (async () => {
    for await (const chunk of source) {
      if (!gzip.write(chunk)) {
        await new Promise((resolve) => gzip.once('drain', resolve));
      }
    }
    gzip.end();
  })();
  let bytes = 0;
  for await (const chunk of gzip) {
    bytes += chunk.length;
  }
  await written;
  return bytes;
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

module.exports = { readImage };
