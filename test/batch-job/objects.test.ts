import { ApiObject, Duration, JsonPatch } from 'cdk8s';
import { BatchJob, Dataset, Ledger, PredictionSink, Schedule, SpotNodes } from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { carriedModel, type Manifest, newChart, only } from '../support/manifests';
import { chartWith, jobConfigOf, jobProps, jobSpecOf, redisSink, synthesizeJob } from './jobs';

const HOURLY = Schedule.hourly({ timeZone: 'Etc/UTC' });
const nameOf = (props: Parameters<typeof synthesizeJob>[0]) => only(synthesizeJob(props), 'Job').metadata.name;
const egressOf = (objects: Manifest[]) => only(objects, 'NetworkPolicy').spec.egress.slice(1);

describe('a Job that runs once', () => {
  test('has another name when what it computes is another', () => {
    const names = [{}, { shards: 2 }, { maxErrorRatio: 0.1 }, { retriesPerShard: 1 }, { passThrough: ['id'] }].map(
      nameOf,
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('keeps its name when only that changes which Kubernetes lets be changed', () => {
    const same = [{}, { suspend: true }, { deadline: Duration.hours(1) }, { ttlAfterFinished: Duration.hours(1) }].map(
      nameOf,
    );
    expect(new Set(same).size).toBe(1);
    expect(nameOf({ shards: 4, parallelism: 1 })).toBe(nameOf({ shards: 4 }));
  });

  test('has another name with a patch of its pods', () => {
    expect(nameOf({ podPatch: [JsonPatch.add('/spec/schedulerName', 'volcano')] })).not.toBe(nameOf({}));
  });

  test('leaves room for the number of a shard, and a CronJob for the time as well', () => {
    const long = { metadata: { name: 'n'.repeat(45) } };
    expect(`${nameOf(long)}-9999`.length).toBeLessThanOrEqual(63);
    const { name } = only(synthesizeJob({ ...long, schedule: HOURLY }), 'CronJob').metadata;
    expect(`${name}-29734560-9999`.length).toBeLessThanOrEqual(63);
  });
});

test('fails fast where a retry cannot help, and costs no retry where a pod had to go', () => {
  expect(jobSpecOf(synthesizeJob())).toMatchObject({
    backoffLimitPerIndex: 3,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'FailIndex', onExitCodes: { containerName: 'batch', operator: 'In', values: [42] } },
        { action: 'FailJob', onExitCodes: { operator: 'In', values: [43] } },
      ],
    },
  });
});

test('reads its run from the label that holds the scheduled time', () => {
  const [container] = jobSpecOf(synthesizeJob({ schedule: HOURLY })).template.spec.containers;
  expect(container).toMatchObject({
    name: 'batch',
    args: ['batch', '--config', '/etc/model-serving/config.json'],
    env: [
      {
        name: 'MODEL_SERVING_JOB',
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
      },
    ],
  });
});

describe('tables', () => {
  test('of the same Secret share its mount, and those of another have their own', () => {
    const [a, b] = ['a', 'b'].map((name) => Secret.fromSecretName(newChart(), name, name));
    const objects = synthesizeJob({
      input: Dataset.parquet('s3://in/*.parquet', { credentials: a }),
      outputs: [PredictionSink.parquet('s3://out/a', { credentials: b })],
      ledger: Ledger.at('s3://ledger/a', { credentials: a }),
    });
    const { input, sinks, ledger } = jobConfigOf(objects);
    expect(input.store.credentialsPath).toBe('/etc/model-serving-credentials/store-credentials-1');
    expect(sinks[0].store.credentialsPath).toBe('/etc/model-serving-credentials/store-credentials-2');
    expect(ledger.store.credentialsPath).toBe(input.store.credentialsPath);
    const { volumes, containers } = jobSpecOf(objects).template.spec;
    expect(volumes.filter(({ secret }: Manifest) => secret).map(({ secret }: Manifest) => secret.secretName)).toEqual([
      'a',
      'b',
    ]);
    expect(containers[0].volumeMounts).toContainEqual({
      name: 'store-credentials-2',
      mountPath: '/etc/model-serving-credentials/store-credentials-2',
      readOnly: true,
    });
  });

  test('of claims are mounted once, read-only where nothing is written', () => {
    const objects = synthesizeJob({
      input: Dataset.parquet('pvc://users/2026/*.parquet'),
      outputs: [PredictionSink.csv('pvc://results/a'), PredictionSink.parquet('pvc://results/b')],
    });
    expect(jobConfigOf(objects).input.uri).toBe('/volumes/users/2026/*.parquet');
    const { volumes, containers } = jobSpecOf(objects).template.spec;
    expect(volumes.filter(({ persistentVolumeClaim }: Manifest) => persistentVolumeClaim)).toEqual([
      { name: 'table-1', persistentVolumeClaim: { claimName: 'users', readOnly: true } },
      { name: 'table-2', persistentVolumeClaim: { claimName: 'results' } },
    ]);
    expect(containers[0].volumeMounts.filter(({ name }: Manifest) => name.startsWith('table-'))).toEqual([
      { name: 'table-1', mountPath: '/volumes/users', readOnly: true },
      { name: 'table-2', mountPath: '/volumes/results' },
    ]);
  });

  test('of Azure may be on a server that stands in for it', () => {
    const input = Dataset.parquet('https://account.blob.core.windows.net/tables/users/*.parquet', {
      endpoint: 'http://azurite.storage:10000/account/',
    });
    expect(jobConfigOf(synthesizeJob({ input })).input).toMatchObject({
      uri: 'http://azurite.storage:10000/account/tables/users/*.parquet',
      store: { type: 'azure-blob', allowPrivate: true },
    });
  });

  test('keep the ledger beside the first files', () => {
    expect(
      jobConfigOf(synthesizeJob({ outputs: [redisSink(), PredictionSink.csv('s3://b/a/')] })).ledger,
    ).toMatchObject({
      uri: 's3://b/a',
    });
  });
});

describe('the network policy', () => {
  test('lets nothing out but what is declared', () => {
    const objects = synthesizeJob({
      model: carriedModel(),
      features: { features: ['a', 'b', 'c', 'd'] },
      input: Dataset.parquet('pvc://users/*.parquet'),
      outputs: [PredictionSink.csv('s3://b/a', { endpoint: 'http://minio.storage:9000' }), redisSink()],
    });
    const namespace = (name: string) => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    });
    expect(egressOf(objects)).toEqual([{ to: [namespace('storage'), namespace('ml')] }]);
  });

  test('lets a job without credentials ask for the identity of its pod', () => {
    const identities = ({ credentials }: { credentials?: Secret['name'] }) => {
      const secret = credentials === undefined ? undefined : Secret.fromSecretName(newChart(), 's', credentials);
      const options = { credentials: secret };
      const objects = synthesizeJob({
        model: carriedModel(),
        features: { features: ['a', 'b', 'c', 'd'] },
        input: Dataset.parquet('gs://in/*.parquet', options),
        outputs: [PredictionSink.parquet('gs://out/a', options)],
      });
      return JSON.stringify(egressOf(objects)).includes('169.254.169.254/32');
    };
    expect(identities({})).toBe(true);
    expect(identities({ credentials: 'keys' })).toBe(false);
  });
});

test('spot nodes of every cloud', () => {
  const selectors = [SpotNodes.eks(), SpotNodes.aks(), SpotNodes.karpenter()].map(
    (spot) => jobSpecOf(synthesizeJob({ spot })).template.spec.nodeSelector,
  );
  expect(selectors).toEqual([
    { 'eks.amazonaws.com/capacityType': 'SPOT' },
    { 'kubernetes.azure.com/scalesetpriority': 'spot' },
    { 'karpenter.sh/capacity-type': 'spot' },
  ]);
  const custom = SpotNodes.custom({ nodeSelector: { pool: 'cheap' } });
  expect(jobSpecOf(synthesizeJob({ spot: custom })).template.spec).not.toHaveProperty('tolerations');
});

test('ApiObject.addJsonPatch() changes the Job, and loses nothing', () => {
  const chart = newChart();
  const job = new BatchJob(chart, 'job', jobProps());
  ApiObject.of(job).addJsonPatch(JsonPatch.add('/spec/successPolicy', { rules: [{ succeededCount: 1 }] }));
  job.networkPolicy.addJsonPatch(JsonPatch.add('/spec/egress/-', {}));
  const objects = chart.toJson();
  expect(only(objects, 'Job').spec.successPolicy).toEqual({ rules: [{ succeededCount: 1 }] });
  expect(only(objects, 'NetworkPolicy').spec.egress.at(-1)).toEqual({});
});

test('has the scanner exceptions of Jobs alone', () => {
  const { annotations } = only(chartWith().toJson(), 'Job').metadata;
  expect(annotations['kube-score/ignore']).toBe('container-image-pull-policy');
});
