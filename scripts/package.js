/** Packs the library and the runtime as npm would publish them, into packages/js. */

const { execFileSync } = require('node:child_process');
const { mkdirSync, rmSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const target = join(root, 'packages/js');

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const directory of ['.', 'runtime']) {
  const packed = execFileSync('npm', ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', target], {
    cwd: join(root, directory),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // npm 10 and 11 answer with a list; a package name as key is npm 12's form.
  const [{ filename, size, entryCount }] = Object.values(JSON.parse(packed));
  console.log(`packages/js/${filename}  ${Math.ceil(size / 1024)} KiB, ${entryCount} files`);
}
