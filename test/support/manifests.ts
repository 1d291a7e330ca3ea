import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import { Model, ModelSource, OnlineModel, type OnlineModelProps, type OnnxModelProps } from 'cdk8s-model-serving';

/** A Kubernetes object as JSON, read freely. */
// biome-ignore lint/suspicious/noExplicitAny: tests read any field of any kind
export type Manifest = any;

/** Digest of nothing in particular. */
export const SHA256 = 'ab'.repeat(32);

/** The iris model of the examples. */
export const IRIS = join(__dirname, '../../examples/iris/models/iris-v1.onnx');

/** A folder of files for tests. */
export const FIXTURES = join(__dirname, '../fixtures');

/** A chart in an app of its own; nothing is written. */
export function newChart(id: string = 'test'): Chart {
  return new Chart(new App(), id, { namespace: 'ml' });
}

/** A model whose file is far away. */
export function remoteModel(props: Partial<OnnxModelProps> = {}): Model {
  const source = ModelSource.s3('s3://models/iris/v1/model.onnx', { sha256: SHA256 });
  return Model.onnx({ name: 'iris', version: 'v1', source, ...props });
}

/** A model whose file is carried. */
export function carriedModel(): Model {
  return Model.onnx({ name: 'iris', version: 'v1', source: ModelSource.file(IRIS) });
}

/** Objects of one online model. */
export function synthesize(props: Partial<OnlineModelProps> = {}): Manifest[] {
  const chart = newChart();
  new OnlineModel(chart, 'model', { model: remoteModel(), ...props });
  return chart.toJson();
}

/** The only object of a kind; with `containing`, the only one whose name contains it. */
export function only(objects: Manifest[], kind: string, containing: string = ''): Manifest {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.includes(containing));
  expect(found.map(({ metadata }) => metadata.name)).toHaveLength(1);
  return found[0];
}

/** `spec` of the pods of the only Deployment. */
export function podOf(objects: Manifest[]): Manifest {
  return only(objects, 'Deployment').spec.template.spec;
}

/** The serving container. */
export function predictorOf(objects: Manifest[]): Manifest {
  return podOf(objects).containers[0];
}

/** The configuration of the runtime. */
export function configOf(objects: Manifest[]): Manifest {
  return JSON.parse(only(objects, 'ConfigMap', '-config-').data['config.json']);
}

/** Message of the error that a synthesis ends with; empty when it ends well. */
export function failureOf(chart: Chart): string {
  try {
    chart.toJson();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Codes of the rules that a message names, in order. */
export function codesIn(message: string): string[] {
  return [...message.matchAll(/\] (MS\d{4}) /g)].map(([, code]) => code as string);
}
