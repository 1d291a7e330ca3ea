import { JsonPatch } from 'cdk8s';
import { ModelSource } from 'cdk8s-model-serving';
import { DECLARATIONS } from '../support/declarations';
import { KubernetesSchema } from '../support/kubernetes-schema';
import { remoteModel, SHA256, synthesize } from '../support/manifests';
import { describeWith, KUBERNETES_SCHEMAS } from '../support/requires';

describeWith('manifests are what the API server takes', KUBERNETES_SCHEMAS, () => {
  describe.each(['1.28', '1.34'])('Kubernetes %s', (version) => {
    let schema: KubernetesSchema;
    beforeAll(() => {
      schema = new KubernetesSchema(version);
    });

    test.each(Object.entries(DECLARATIONS))('%s', (_name, declare) => {
      expect(synthesize(declare()).flatMap((object) => schema.problems(object))).toEqual([]);
    });

    test('an unknown field is found', () => {
      const objects = synthesize({ podPatch: [JsonPatch.add('/spec/containers/0/imagePullPolice', 'Always')] });
      expect(objects.flatMap((object) => schema.problems(object))).toEqual([
        expect.stringContaining('imagePullPolice'),
      ]);
    });

    test('a field of the wrong type is found', () => {
      const objects = synthesize({ podPatch: [JsonPatch.replace('/spec/terminationGracePeriodSeconds', '60')] });
      expect(objects.flatMap((object) => schema.problems(object))).not.toEqual([]);
    });
  });

  test('an image volume needs the later version', () => {
    const source = ModelSource.image(`r/i@sha256:${SHA256}`, '/m.onnx', { sha256: SHA256, imageVolume: true });
    const objects = synthesize({ model: remoteModel({ source }) });
    const problems = (version: string) => {
      const schema = new KubernetesSchema(version);
      return objects.flatMap((object) => schema.problems(object));
    };
    expect(problems('1.28')).not.toEqual([]);
    expect(problems('1.34')).toEqual([]);
  });
});
