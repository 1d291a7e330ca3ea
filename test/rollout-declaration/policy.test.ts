import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonPatch, Yaml } from 'cdk8s';
import { ValidationContext } from 'cdk8s-cli/plugins';
import { ServingPolicy } from 'cdk8s-model-serving';
import { temporaryDirectory } from '../support/temporary';
import { type DeclaredRollout, declareRollout } from './rollouts';

const directory = temporaryDirectory();

/** Codes of what the validation plugin finds in the manifests of a rollout and its versions. */
async function found({ chart }: DeclaredRollout): Promise<string[]> {
  const path = join(mkdtempSync(join(directory, 'dist-')), 'test.k8s.yaml');
  writeFileSync(path, Yaml.stringify(...chart.toJson()));
  const context = new ValidationContext([path], 'cdk8s-model-serving', '0.0.0');
  await new ServingPolicy({ strict: true }).validate(context);
  return context.report.toJson().violations.map(({ ruleName }) => ruleName.slice(0, 6));
}

test('the validation plugin takes a rollout as it is synthesized', async () => {
  expect(await found(declareRollout())).toEqual([]);
});

test('and finds what a patch breaks, in the controller as in a version', async () => {
  const declared = declareRollout();
  const { rollout, stable } = declared;
  rollout.deployment.addJsonPatch(JsonPatch.add('/spec/template/spec/hostNetwork', true));
  stable.deployment.addJsonPatch(JsonPatch.replace('/spec/strategy', { type: 'Recreate' }));
  expect((await found(declared)).sort()).toEqual(['MS2001', 'MS2006']);
});
