/** Which files of an npm package a running process may need. */

/** Written for compilers, debuggers and readers; Node.js opens none of them. */
const NEVER_READ = /(?:\.map|\.[cm]?ts|\.tsbuildinfo|\.flow|\.md|\.markdown|\.html)$/i;

/** The same code once more, for others than Node.js. */
const FOR_OTHERS = /(?:^|\/)dist\/(?:browser|react-native)\//;

/** The terms of a licence go with the code, whatever their form. */
const LICENCE = /(?:^|\/)(?:licen[cs]e|notice|copying|copyright)[^/]*$/i;

/** ONNX Runtime ships its native code for all platforms in one package: `bin/napi-v6/<platform>/<architecture>/…`. */
const NATIVE = /^bin\/napi-v\d+\/(?<platform>[^/]+)\/(?<architecture>[^/]+)\//;

/** Computes on a GPU, and lies beside the library where its installation script has run. */
const GPU = /libonnxruntime_providers_(?:cuda|tensorrt|shared)/;

/** Kafka's client is compiled for the image; its package has the sources of that too. */
const KAFKA = /^(?:lib\/|librdkafka\.js$|package\.json$)/;

/** Architectures of images and what Node.js calls them. */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' };

/**
 * @param architecture `amd64` or `arm64`
 * @returns what Node.js calls it
 */
function processorOf(architecture) {
  const own = ARCHITECTURES[architecture];
  if (own === undefined) {
    throw new Error(`no image for ${architecture}: choose one of ${Object.keys(ARCHITECTURES).join(', ')}.`);
  }
  return own;
}

/**
 * @param name name of the package
 * @param architecture `amd64` or `arm64`
 * @returns what says of a file, by its path inside the package, whether the image gets it
 */
function neededFiles(name, architecture) {
  const own = processorOf(architecture);
  const isNeeded = (path) => LICENCE.test(path) || !(NEVER_READ.test(path) || FOR_OTHERS.test(path));
  if (name === '@confluentinc/kafka-javascript') {
    return (path) => LICENCE.test(path) || (KAFKA.test(path) && isNeeded(path));
  }
  if (name !== 'onnxruntime-node') {
    return isNeeded;
  }
  return (path) => {
    const native = NATIVE.exec(path)?.groups;
    const isForeign = native !== undefined && (native.platform !== 'linux' || native.architecture !== own);
    return isNeeded(path) && !isForeign && !GPU.test(path);
  };
}

module.exports = { neededFiles, processorOf };
