/**
 * The software bill of materials of the image, in CycloneDX: what npm says about the packages of the lockfile, cut to those
 * that are in the image, and what the base image gave. Two builds of one commit write the same bytes.
 */

const { createHash } = require('node:crypto');
const { installedName } = require('./packages');

/** Property that says where a package lies: `bundle` or `node_modules`. */
const LOCATION = 'model-serving:location';

/**
 * @param npm what `npm sbom --sbom-format cyclonedx` says about the lockfile
 * @param image.packages `packages` of package-lock.json
 * @param image.workspace folder of the runtime in it
 * @param image.bundled paths of packages inside the bundle
 * @param image.installed paths of packages below node_modules
 * @param image.node version of Node.js
 * @param image.librdkafka version of librdkafka, which is inside Kafka's native client
 * @param image.debian Debian packages: `{name, version, architecture, release}`
 * @param image.epoch time of the build, in seconds since 1970
 */
function billOfMaterials(npm, image) {
  const locations = new Map();
  for (const [location, paths] of [
    ['bundle', image.bundled],
    ['node_modules', image.installed],
  ]) {
    for (const path of paths) {
      const key = keyOf(path, image.packages[path]);
      locations.set(key, [...(locations.get(key) ?? []), location]);
    }
  }
  const components = [...locations].map(([key, found]) => npmComponent(npm, key, new Set(found)));
  const system = [nodeComponent(image.node), kafkaComponent(image.librdkafka), ...image.debian.map(debianComponent)];
  const all = [...components, ...system].sort((one, other) => (one['bom-ref'] < other['bom-ref'] ? -1 : 1));
  const runtime = runtimeComponent(image.packages[image.workspace]);
  const dependencies = dependenciesOf(npm, runtime, all);
  return {
    $schema: npm.$schema,
    bomFormat: npm.bomFormat,
    specVersion: npm.specVersion,
    serialNumber: serialNumber(JSON.stringify([runtime, all, dependencies])),
    version: 1,
    metadata: {
      timestamp: new Date(image.epoch * 1000).toISOString(),
      tools: npm.metadata.tools,
      component: runtime,
    },
    components: all,
    dependencies,
  };
}

function npmComponent(npm, key, locations) {
  const component = npm.components.find(({ name, version }) => `${name}@${version}` === key);
  if (component === undefined) {
    throw new Error(`npm sbom does not list ${key}, which is in the image.`);
  }
  const properties = [...locations].sort().map((value) => ({ name: LOCATION, value }));
  return { ...component, properties };
}

function nodeComponent(version) {
  return {
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
    externalReferences: [{ type: 'website', url: 'https://nodejs.org' }],
  };
}

function kafkaComponent(version) {
  return {
    'bom-ref': `librdkafka@${version}`,
    type: 'library',
    name: 'librdkafka',
    version,
    purl: `pkg:github/confluentinc/librdkafka@v${version}`,
    licenses: [{ license: { id: 'BSD-2-Clause' } }],
  };
}

function debianComponent({ name, version, architecture, release }) {
  return {
    'bom-ref': `debian/${name}@${version}`,
    type: 'library',
    name,
    version,
    purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-${release}`,
  };
}

function runtimeComponent({ name, version, license }) {
  return {
    'bom-ref': `${name}@${version}`,
    type: 'application',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ license: { id: license } }],
  };
}

/** Who needs whom, among what is in the image. */
function dependenciesOf(npm, runtime, components) {
  const present = new Set(components.map((each) => each['bom-ref']));
  const known = new Map(npm.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const own = [
    ...(known.get(runtime['bom-ref']) ?? []),
    ...components.filter((each) => !known.has(each['bom-ref'])).map((each) => each['bom-ref']),
  ];
  return [
    { ref: runtime['bom-ref'], dependsOn: own.filter((ref) => present.has(ref)).sort() },
    ...components.map((each) => ({
      ref: each['bom-ref'],
      dependsOn: (known.get(each['bom-ref']) ?? []).filter((ref) => present.has(ref)).sort(),
    })),
  ];
}

function keyOf(path, { name, version }) {
  return `${name ?? installedName(path)}@${version}`;
}

/** A UUID that the content decides (version 8 of RFC 9562). */
function serialNumber(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}

module.exports = { billOfMaterials };
