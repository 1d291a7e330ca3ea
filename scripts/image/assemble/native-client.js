/** Kafka's native client, compiled for the image: the file, and what is inside it, for scanners and lawyers. */

const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { copyFile, filesOf } = require('./files');
const { field } = require('./system');

const PACKAGE = 'node_modules/@confluentinc/kafka-javascript';
const FILE = 'confluent-kafka-javascript.node';

/**
 * @param compiled folder that scripts/native-kafka has written
 * @param root folder to fill
 * @param home where node_modules is in it
 * @param release Debian's release that it was compiled on
 * @returns {{name: string, version: string, architecture: string, release: string}[]} the Debian packages inside the file
 */
function installNativeClient(compiled, root, home, release) {
  copyFile(join(compiled, FILE), join(root, home, PACKAGE, 'build/Release', FILE));
  for (const path of filesOf(join(compiled, 'doc'))) {
    copyFile(join(compiled, 'doc', path), join(root, 'usr/share/doc', path));
  }
  return readdirSync(join(compiled, 'status.d'))
    .sort()
    .map((name) => {
      const record = join(compiled, 'status.d', name);
      copyFile(record, join(root, 'var/lib/dpkg/status.d', name));
      const status = readFileSync(record, 'utf8');
      return { name, version: field(status, 'Version'), architecture: field(status, 'Architecture'), release };
    });
}

/** Version of librdkafka, whose sources are in the package. */
function librdkafkaVersion(modules) {
  return JSON.parse(readFileSync(join(modules, PACKAGE, 'package.json'), 'utf8')).librdkafka;
}

module.exports = { installNativeClient, librdkafkaVersion };
