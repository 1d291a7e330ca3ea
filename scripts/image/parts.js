/** The parts of an image and their sizes. */

const PARTS = [
  ['Node.js', /^usr\/local\/bin\/node$/],
  ['bundle', /^(?:opt\/model-serving\/(?:runtime|LICENSE)|usr\/local\/bin|usr\/share\/sbom)(?:\/|$)/],
  ['onnxruntime-node', /node_modules\/onnxruntime-node(?:\/|$)/],
];
const PACKAGE = /node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)(?!.*\/node_modules\/)/;

/** Part that a file belongs to: Node.js, the bundle, an npm package by its name, or the base. */
function partOf(path) {
  const known = PARTS.find(([, pattern]) => pattern.test(path))?.[0];
  return known ?? PACKAGE.exec(path)?.groups.name ?? 'base';
}

/**
 * @param image as `readImage` gives it
 * @returns sizes of the parts in bytes, largest first: `{part, unpacked, compressed}`
 */
function sizesOf(image) {
  const sizes = new Map();
  for (const { path, unpacked, compressed } of image.layers.flatMap(({ entries }) => entries)) {
    const part = partOf(path);
    const before = sizes.get(part) ?? { part, unpacked: 0, compressed: 0 };
    sizes.set(part, { part, unpacked: before.unpacked + unpacked, compressed: before.compressed + compressed });
  }
  return [...sizes.values()].sort((one, other) => other.unpacked - one.unpacked);
}

/** Whole sizes of an image in bytes. */
function totalOf(image) {
  return {
    unpacked: image.layers.flatMap(({ entries }) => entries).reduce((sum, { unpacked }) => sum + unpacked, 0),
    compressed: image.layers.reduce((sum, { compressed }) => sum + compressed, 0),
  };
}

/** In what two images differ: fields of the configuration and paths, each with both values. */
function differences(one, other) {
  const contents = [one, other].map(
    ({ config, layers }) =>
      new Map([
        ...Object.entries(config).map(([field, value]) => [`configuration: ${field}`, JSON.stringify(value)]),
        ...layers.flatMap(({ entries }, layer) =>
          entries.map(({ path, about, sha256 }) => [`layer ${layer}: ${path}`, `${about} ${sha256}`]),
        ),
      ]),
  );
  const names = [...new Set(contents.flatMap((each) => [...each.keys()]))];
  return names
    .filter((name) => contents[0].get(name) !== contents[1].get(name))
    .map((name) => `${name}\n  ${contents.map((each) => each.get(name) ?? 'absent').join('\n  ')}`);
}

module.exports = { differences, sizesOf, totalOf };
