import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Chart, Duration, JsonPatch, Yaml } from 'cdk8s';
import { ValidationContext } from 'cdk8s-cli/plugins';
import {
  Authentication,
  BatchJob,
  type BatchJobProps,
  Dataset,
  ModelGateway,
  PredictionColumn,
  PredictionLookup,
  PredictionSink,
  Scaling,
  Schedule,
  ServingPolicy,
  SpotNodes,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { KubernetesSchema } from '../support/kubernetes-schema';
import { carriedModel, type Manifest, newChart, only } from '../support/manifests';
import { podSecurityFindings } from '../support/pod-security';
import { describeWith, KUBERNETES_SCHEMAS } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { chartWith, chartWithLookup, jobProps, redisSink } from './jobs';

const secret = () => Secret.fromSecretName(newChart(), 'secret', 'keys');

const EVERYTHING: Partial<BatchJobProps> = {
  schedule: Schedule.daily({ timeZone: 'Europe/Berlin', hour: 3 }),
  input: Dataset.parquet('s3://warehouse/users/date={date}/*.parquet', {
    credentials: secret(),
    region: 'eu-central-1',
  }),
  outputs: [
    PredictionSink.parquet('s3://warehouse/churn', { credentials: secret() }),
    PredictionSink.csv('pvc://reports/churn'),
    redisSink({ password: { secret: secret(), key: 'password' }, tls: {}, columns: ['label'] }),
  ],
  predictions: [PredictionColumn.value('label')],
  passThrough: ['id'],
  shards: 8,
  parallelism: 4,
  maxFailedShards: 2,
  spot: SpotNodes.aks(),
  queue: 'batch',
};

/** Charts that together have every object and every field. */
const DECLARED: { readonly [name: string]: () => Chart } = {
  'the plainest job': () => chartWith(),
  'a job with everything': () => chartWith(EVERYTHING),
  'a job with a model that is carried': () =>
    chartWith({ model: carriedModel(), features: { features: ['a', 'b', 'c', 'd'] } }),
  'a lookup behind a gateway': () => {
    const chart = newChart();
    const job = new BatchJob(chart, 'job', jobProps({ ...EVERYTHING }));
    new PredictionLookup(chart, 'lookup', {
      job,
      gateway: new ModelGateway(chart, 'gateway'),
      defaultPrediction: { label: 0 },
      authentication: Authentication.apiKeys(secret()),
      scaling: Scaling.onCpu({ maxReplicas: 5 }),
      timeout: Duration.millis(20),
    });
    return chart;
  },
};

const directory = temporaryDirectory();

/** Codes of what the validation plugin finds. */
async function found(chart: Chart): Promise<string[]> {
  const path = join(mkdtempSync(join(directory, 'dist-')), 'test.k8s.yaml');
  writeFileSync(path, Yaml.stringify(...chart.toJson()));
  const context = new ValidationContext([path], 'cdk8s-model-serving', '0.0.0');
  await new ServingPolicy({ strict: true }).validate(context);
  return context.report.toJson().violations.map(({ ruleName }) => ruleName.slice(0, 6));
}

describe.each(Object.entries(DECLARED))('%s', (_name, declare) => {
  test('has the same manifests as before', () => {
    expect(declare().toJson()).toMatchSnapshot();
  });

  test('meets the Restricted Pod Security Standard, and has no token', () => {
    for (const pod of podsOf(declare().toJson())) {
      expect(podSecurityFindings(pod)).toEqual([]);
      expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    }
  });

  test('mounts every volume once in a container, and each is used', () => {
    for (const { volumes, initContainers = [], containers } of podsOf(declare().toJson())) {
      const names = volumes.map(({ name }: Manifest) => name);
      expect(new Set(names).size).toBe(names.length);
      const mounts: Manifest[] = [...initContainers, ...containers].flatMap(({ volumeMounts }) => volumeMounts);
      expect(new Set(mounts.map(({ name }) => name))).toEqual(new Set(names));
    }
  });

  test('is what the validation plugin takes', async () => {
    expect(await found(declare())).toEqual([]);
  });

  describeWith('is what the API server takes', KUBERNETES_SCHEMAS, () => {
    test.each(['1.28', '1.34'])('Kubernetes %s', (version) => {
      const schema = new KubernetesSchema(version);
      expect(
        declare()
          .toJson()
          .flatMap((object: Manifest) => schema.problems(object)),
      ).toEqual([]);
    });
  });
});

test('the validation plugin finds what a patch breaks in a job', async () => {
  const chart = newChart();
  const job = new BatchJob(chart, 'job', jobProps({ schedule: Schedule.hourly({ timeZone: 'Etc/UTC' }) }));
  const below = '/spec/jobTemplate/spec/template/spec';
  job.job.addJsonPatch(
    JsonPatch.add(`${below}/hostNetwork`, true),
    JsonPatch.replace(`${below}/containers/0/ports/0/containerPort`, 9000),
    JsonPatch.remove(`${below}/containers/0/resources/limits/memory`),
  );
  expect((await found(chart)).sort()).toEqual(['MS2001', 'MS2005', 'MS2010']);
});

test('the validation plugin finds a configuration that no runtime takes', async () => {
  const { chart, lookup } = chartWithLookup();
  const config = JSON.parse(only(chart.toJson(), 'ConfigMap', lookup.configMap.name).data['config.json']);
  const changed = JSON.stringify({ ...config, lookups: [] });
  lookup.configMap.addJsonPatch(JsonPatch.replace('/data/config.json', changed));
  expect(await found(chart)).toEqual(['MS2010']);
});

function podsOf(objects: Manifest[]): Manifest[] {
  return objects.flatMap(({ kind, spec }) => {
    switch (kind) {
      case 'CronJob':
        return [spec.jobTemplate.spec.template.spec];
      case 'Job':
      case 'Deployment':
        return spec.template.spec.containers[0].name === 'envoy' ? [] : [spec.template.spec];
      default:
        return [];
    }
  });
}
