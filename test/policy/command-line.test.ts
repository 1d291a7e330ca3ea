import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { IRIS } from '../support/manifests';
import { temporaryDirectory } from '../support/temporary';

const ROOT = resolve(__dirname, '../..');
const directory = temporaryDirectory();

/** Runs `cdk8s synth` on a program of the compiled library, with the compiled plugin. */
function synth(patch: string): { status: number | null; output: string } {
  const folder = mkdtempSync(join(directory, 'app-'));
  writeFileSync(
    join(folder, 'main.js'),
    `
    const { ApiObject, App, Chart, JsonPatch } = require(${JSON.stringify(join(ROOT, 'node_modules/cdk8s'))});
    const { Model, ModelSource, OnlineModel } = require(${JSON.stringify(ROOT)});
    const app = new App();
    const source = ModelSource.file(${JSON.stringify(IRIS)});
    const model = new OnlineModel(new Chart(app, 'iris'), 'classifier', {
      model: Model.onnx({ name: 'iris', version: 'v1', source }),
    });
    ${patch}
    app.synth();`,
  );
  writeFileSync(
    join(folder, 'cdk8s.yaml'),
    stringify({
      app: `node ${join(folder, 'main.js')}`,
      language: 'typescript',
      validations: [{ package: ROOT, version: '0.0.0', class: 'ServingPolicy', properties: { strict: true } }],
    }),
  );
  const { status, stdout, stderr } = spawnSync(
    join(ROOT, 'node_modules/.bin/cdk8s'),
    ['synth', '--check-upgrade=false'],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, output: `${stdout}${stderr}` };
}

test('validations in cdk8s.yaml accept what is synthesized', () => {
  const { status, output } = synth('');
  expect(output).toContain('Validations ended succesfully');
  expect(status).toBe(0);
});

test('and refuse what a patch breaks, with the path of the construct', () => {
  const { status, output } = synth(
    `ApiObject.of(model).addJsonPatch(JsonPatch.remove('/spec/template/spec/securityContext/runAsNonRoot'));`,
  );
  expect(output).toContain('MS2001 Restricted Pod Security');
  expect(output).toContain('iris/classifier/Resource');
  expect(status).toBe(2);
});
