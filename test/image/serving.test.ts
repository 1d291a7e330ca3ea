import { join } from 'node:path';
import python from '../../examples/iris/predictions.json';
import type { ServingConfig } from '../../lib/contract';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { GrpcClient } from '../support/grpc-client';
import { carriedModel, configOf, type Manifest, only, predictorOf, synthesize } from '../support/manifests';
import { predict } from '../support/prediction';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { type Container, type ContainerOptions, RUNTIME_IMAGE, startContainer, writePublicFile } from './container';

const ROW = python.instances[0] as number[];
const EXPECTED = python.predictions.v1.probabilities[0] as number[];
const READY = `await fetch('http://127.0.0.1:8080/v2/health/ready').then(({ status }) => console.log(status), () => 0)`;

/** Loads what the runtime needs from node_modules, by the bill of materials, as the bundle does. */
const LOAD_ALL = `
  const { metadata, components, dependencies } = JSON.parse(fs.readFileSync('/usr/share/sbom/model-serving.cdx.json'));
  const own = dependencies.find(({ ref }) => ref === metadata.component['bom-ref']).dependsOn;
  const names = components
    .filter((each) => own.includes(each['bom-ref']) && each.properties?.some(({ value }) => value === 'node_modules'))
    .map(({ name }) => name);
  names.forEach(require('node:module').createRequire('/opt/model-serving/runtime/build/main.js'));
  console.log(JSON.stringify(names));
`;

describeWith('the image, with the manifests of the library', RUNTIME_IMAGE, () => {
  const root = temporaryDirectory();
  let objects: Manifest[];
  let number = 0;

  beforeAll(() => {
    objects = synthesize({ model: carriedModel() });
  });

  /** What the kubelet would mount of the pod. */
  function mountsOf(configuration: object): Record<string, string> {
    number += 1;
    const directory = join(root, String(number));
    const carried = only(objects, 'ConfigMap', '-model-');
    writePublicFile(join(directory, 'config/config.json'), JSON.stringify(configuration));
    for (const [name, bytes] of Object.entries<string>(carried.binaryData)) {
      writePublicFile(join(directory, 'model', name), Buffer.from(bytes, 'base64'));
    }
    const [config, model] = ['config', 'model'].map(
      (volume) => predictorOf(objects).volumeMounts.find(({ name }: Manifest) => name === volume).mountPath,
    );
    return { [config]: join(directory, 'config'), [model]: join(directory, 'model') };
  }

  function startPod(config: object, options: Partial<ContainerOptions> = {}): Container {
    return startContainer({ args: predictorOf(objects).args, mounts: mountsOf(config), ...options });
  }

  const ready = (container: Container) =>
    eventually('the pod is ready', () => container.exec('node', '--input-type=module', '-e', READY).trim() === '200');

  it('becomes ready with no network, nothing writable but /tmp and no capability; node is its first process', async () => {
    const pod = startPod(configOf(objects));
    await ready(pod);
    const read =
      "fs.readlinkSync('/proc/1/exe') + ' ' + fs.readFileSync('/proc/1/cmdline').toString().replaceAll('\\0', ' ')";
    expect(pod.exec('node', '-p', read)).toMatch(/^\/usr\/local\/bin\/node .*model-serving predictor --config/);
    const about = pod.exec('node', '-p', "fs.readFileSync('/proc/1/status', 'utf8')");
    expect(about).toMatch(/^Uid:\s+10001\s/m);
    expect(about).toMatch(/^CapEff:\s+0+$/m);
    expect(about).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  it('writes its log and nothing else: its engine reports to nobody', async () => {
    const pod = startPod(configOf(objects));
    await ready(pod);
    const lines = pod.logs().trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
  });

  it('loads every package that is not in the bundle', async () => {
    const pod = startPod(configOf(objects));
    await ready(pod);
    const names = JSON.parse(pod.exec('node', '-e', LOAD_ALL)) as string[];
    expect(names).toEqual(expect.arrayContaining(['@aws-sdk/client-s3', '@grpc/grpc-js', 'onnxruntime-node']));
  });

  it('drains and ends with code 0 at SIGTERM', async () => {
    const pod = startPod(configOf(objects));
    await ready(pod);
    pod.kill('SIGTERM');
    expect(await pod.exitCode()).toBe(0);
    expect(pod.logs()).toContain('"drained"');
  });

  it('runs as any user, as clusters that choose one themselves ask for', async () => {
    await ready(startPod(configOf(objects), { user: '1000770000:0' }));
  });

  it('runs its preStop command', async () => {
    const pod = startPod(configOf(objects));
    await ready(pod);
    const { command } = predictorOf(objects).lifecycle.preStop.exec;
    expect(pod.exec(...command.slice(0, -1), '0')).toBe('');
  });

  it('ends with code 43 and its reason for a bad configuration', async () => {
    const pod = startPod({ ...configOf(objects), models: 'none' });
    expect(await pod.exitCode()).toBe(43);
    expect(pod.logs()).toContain('models');
  });

  it('ends with code 43 for a model that is not the declared one', async () => {
    const config: ServingConfig = configOf(objects);
    const pod = startPod({ ...config, models: config.models.map((model) => ({ ...model, sha256: '0'.repeat(64) })) });
    expect(await pod.exitCode()).toBe(43);
  });

  it("predicts over V1, V2 and gRPC what Python's onnxruntime predicts", async () => {
    const [httpPort, grpcPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
    const config: ServingConfig = configOf(objects);
    const server = { ...config.server, httpPort, grpcPort, metricsPort };
    startPod({ ...config, server }, { network: 'host', env: { MODEL_SERVING_HOST: '127.0.0.1' } });
    const url = `http://127.0.0.1:${httpPort}`;
    await eventually('the pod is ready', async () => (await fetch(`${url}/v2/health/ready`)).ok);

    const v1 = await predict<{ predictions: { probabilities: number[] }[] }>(`${url}/v1/models/iris:predict`, {
      instances: [ROW],
    });
    const input = { name: 'features', shape: [1, 4], datatype: 'FP32' };
    const v2 = await predict<{ outputs: { name: string; data: number[] }[] }>(`${url}/v2/models/iris/infer`, {
      inputs: [{ ...input, data: ROW }],
    });
    const client = new GrpcClient(`127.0.0.1:${grpcPort}`);
    const { code, message } = await client.infer('iris', [{ ...input, contents: { fp32_contents: ROW } }]);
    client.close();

    expect(code).toBe('OK');
    const named = ({ name }: { name: string }) => name === 'probabilities';
    const overGrpc: number[] = message.outputs.find(named).contents.fp32_contents;
    for (const probabilities of [v1.predictions[0]?.probabilities, v2.outputs.find(named)?.data, overGrpc]) {
      expect(probabilities).toHaveLength(EXPECTED.length);
      EXPECTED.forEach((expected, index) => {
        expect(probabilities?.[index]).toBeCloseTo(expected, 6);
      });
    }
  });
});
