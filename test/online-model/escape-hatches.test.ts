import { ApiObject, JsonPatch } from 'cdk8s';
import { Gpu, OnlineModel } from 'cdk8s-model-serving';
import { newChart, only, podOf, predictorOf, remoteModel, SHA256, synthesize } from '../support/manifests';

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;

// Patches that cdk8s-plus drops silently: https://github.com/cdk8s-team/cdk8s/issues/2172, /issues/2163
const GPU_LIMIT = { path: '/resources/limits/nvidia.com~1gpu', value: 1 };
const NATIVE_SLEEP = { path: '/lifecycle/preStop', value: { sleep: { seconds: 15 } } };
const UNKNOWN_FIELD = { path: '/fieldOfALaterVersion', value: { deep: [null, { enough: true }] } };

test('a typed property changes what it names', () => {
  const { limits } = predictorOf(synthesize({ image: IMAGE, resources: { gpu: Gpu.nvidia(1) } })).resources;
  expect(limits['nvidia.com/gpu']).toBe('1');
});

test('ApiObject.addJsonPatch() loses nothing', () => {
  const chart = newChart();
  const model = new OnlineModel(chart, 'model', { model: remoteModel() });
  const below = (path: string) => `/spec/template/spec/containers/0${path}`;
  ApiObject.of(model).addJsonPatch(
    JsonPatch.add(below(GPU_LIMIT.path), GPU_LIMIT.value),
    JsonPatch.replace(below(NATIVE_SLEEP.path), NATIVE_SLEEP.value),
    JsonPatch.add(below(UNKNOWN_FIELD.path), UNKNOWN_FIELD.value),
    JsonPatch.add('/spec/template/spec/resources', { limits: { cpu: '2' } }),
  );
  const objects = chart.toJson();
  const container = predictorOf(objects);
  expect(container.resources.limits['nvidia.com/gpu']).toBe(1);
  expect(container.lifecycle.preStop).toEqual({ sleep: { seconds: 15 } });
  expect(container.fieldOfALaterVersion).toEqual({ deep: [null, { enough: true }] });
  expect(podOf(objects).resources).toEqual({ limits: { cpu: '2' } });
});

test('every other object can be patched the same way', () => {
  const chart = newChart();
  const model = new OnlineModel(chart, 'model', { model: remoteModel() });
  model.service.addJsonPatch(JsonPatch.add('/spec/trafficDistribution', 'PreferClose'));
  model.networkPolicy.addJsonPatch(JsonPatch.add('/spec/egress/-', {}));
  const objects = chart.toJson();
  expect(only(objects, 'Service').spec.trafficDistribution).toBe('PreferClose');
  expect(only(objects, 'NetworkPolicy').spec.egress.at(-1)).toEqual({});
});

test('an object that is not wanted can be removed', () => {
  const chart = newChart();
  const model = new OnlineModel(chart, 'model', { model: remoteModel() });
  model.node.tryRemoveChild('NetworkPolicy');
  expect(chart.toJson().map(({ kind }) => kind)).not.toContain('NetworkPolicy');
});

test('podPatch loses nothing, and comes last', () => {
  const below = (path: string) => `/spec/containers/0${path}`;
  const objects = synthesize({
    podPatch: [
      JsonPatch.add(below(GPU_LIMIT.path), GPU_LIMIT.value),
      JsonPatch.replace(below(NATIVE_SLEEP.path), NATIVE_SLEEP.value),
      JsonPatch.add(below(UNKNOWN_FIELD.path), { deep: [{ enough: true }] }),
      JsonPatch.move('/spec/nodeSelector', '/spec/other'),
      JsonPatch.add('/spec/affinity', { nodeAffinity: {} }),
      JsonPatch.test('/metadata/labels/app.kubernetes.io~1version', 'v1'),
    ],
    nodeSelector: { disk: 'ssd' },
  });
  expect(predictorOf(objects)).toMatchObject({
    resources: { limits: { 'nvidia.com/gpu': 1 } },
    lifecycle: { preStop: { sleep: { seconds: 15 } } },
    fieldOfALaterVersion: { deep: [{ enough: true }] },
  });
  expect(podOf(objects)).toMatchObject({ other: { disk: 'ssd' }, affinity: { nodeAffinity: {} } });
  expect(podOf(objects)).not.toHaveProperty('nodeSelector');
});

test('podPatch leaves the patches of the caller as they are', () => {
  const value = { a: { b: 1 } };
  const podPatch = [JsonPatch.add('/spec/x', value), JsonPatch.add('/spec/x/a/c', 2)];
  const first = podOf(synthesize({ podPatch }));
  expect(first.x).toEqual({ a: { b: 1, c: 2 } });
  expect(podOf(synthesize({ podPatch }))).toEqual(first);
  expect(value).toEqual({ a: { b: 1 } });
});
