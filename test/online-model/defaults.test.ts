import { ApiObject, App, Chart } from 'cdk8s';
import { DisruptionBudget, OnlineModel, Scaling } from 'cdk8s-model-serving';
import { forSnapshot } from '../support/example';
import {
  carriedModel,
  configOf,
  failureOf,
  newChart,
  only,
  podOf,
  remoteModel,
  synthesize,
} from '../support/manifests';

test('the default child is the Deployment', () => {
  const model = new OnlineModel(newChart(), 'model', { model: remoteModel() });
  expect(model.node.defaultChild).toBe(model.deployment);
  expect(ApiObject.of(model).kind).toBe('Deployment');
});

test('default manifests of a carried model', () => {
  const chart = newChart('iris');
  new OnlineModel(chart, 'classifier', { model: carriedModel() });
  expect(forSnapshot(chart.toJson())).toMatchSnapshot();
});

test('default manifests of a downloaded model', () => {
  expect(synthesize()).toMatchSnapshot();
});

test('what is created can be read', () => {
  const chart = newChart();
  const model = new OnlineModel(chart, 'model', {
    model: carriedModel(),
    scaling: Scaling.onCpu({ maxReplicas: 4 }),
  });
  const {
    deployment,
    service,
    serviceAccount,
    configMap,
    modelConfigMap,
    podDisruptionBudget,
    networkPolicy,
    autoscaler,
  } = model;
  const created = [
    serviceAccount,
    networkPolicy,
    configMap,
    modelConfigMap,
    service,
    podDisruptionBudget,
    autoscaler,
    deployment,
  ];
  expect(created.map((object) => object?.kind)).toEqual([
    'ServiceAccount',
    'NetworkPolicy',
    'ConfigMap',
    'ConfigMap',
    'Service',
    'PodDisruptionBudget',
    'HorizontalPodAutoscaler',
    'Deployment',
  ]);
  expect(chart.toJson()).toEqual(created.map((object) => object?.toJson()));
  expect(model.url).toBe(`http://${service.name}.ml.svc`);
  expect(model.grpcAddress).toBe(`${service.name}.ml.svc:8081`);
  expect(model.model.name).toBe('iris');
});

test('what is not wanted is not created', () => {
  const model = new OnlineModel(newChart(), 'model', {
    model: remoteModel(),
    disruptionBudget: DisruptionBudget.none(),
  });
  expect(model).toMatchObject({
    modelConfigMap: undefined,
    fallbackConfigMap: undefined,
    autoscaler: undefined,
    podDisruptionBudget: undefined,
  });
});

test('without a namespace the address is the name of the Service', () => {
  const chart = new Chart(new App(), 'chart');
  const model = new OnlineModel(chart, 'model', { model: remoteModel() });
  expect(model.url).toBe(`http://${model.service.name}`);
  expect(chart.toJson().filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([]);
});

describe('image of an app', () => {
  const IMAGE = `registry.example.com/runtime@sha256:${'0'.repeat(64)}`;

  test('the context value names the image of all models', () => {
    const app = new App();
    app.node.setContext('model-serving/image', IMAGE);
    const chart = new Chart(app, 'chart');
    new OnlineModel(chart, 'model', { model: remoteModel() });
    expect(podOf(chart.toJson()).containers[0].image).toBe(IMAGE);
  });

  test('the property of a model wins', () => {
    const app = new App();
    app.node.setContext('model-serving/image', 'example.com/other@sha256:'.concat('1'.repeat(64)));
    const chart = new Chart(app, 'chart');
    new OnlineModel(chart, 'model', { model: remoteModel(), image: IMAGE });
    expect(podOf(chart.toJson()).containers[0].image).toBe(IMAGE);
  });

  test('a value that is no image is refused', () => {
    const app = new App();
    app.node.setContext('model-serving/image', { name: IMAGE });
    const chart = new Chart(app, 'chart');
    new OnlineModel(chart, 'model', { model: remoteModel() });
    expect(failureOf(chart)).toContain('MS1601');
  });
});

test('ConfigMaps are immutable, and another content has another name', () => {
  const names = [1, 2].map((replicas) => {
    const objects = synthesize({ replicas, env: {} });
    return only(objects, 'ConfigMap').metadata.name;
  });
  expect(names[0]).toBe(names[1]);
  const other = only(synthesize({ model: remoteModel({ source: carriedModel().source }) }), 'ConfigMap', '-config-');
  expect(other.immutable).toBe(true);
  expect(other.metadata.name).not.toBe(names[0]);
});

test('the volume of the configuration and the Deployment name it', () => {
  const objects = synthesize();
  expect(podOf(objects).volumes).toContainEqual({
    name: 'config',
    configMap: { name: only(objects, 'ConfigMap').metadata.name },
  });
  expect(configOf(objects).schema).toBe('model-serving/v1');
});
