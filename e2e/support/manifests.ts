import { App, Chart } from 'cdk8s';
import { OnlineModel, type OnlineModelProps } from 'cdk8s-model-serving';
import { DEFAULT_IMAGE } from '../../lib/contract';

/** A Kubernetes object, read and changed freely. */
// biome-ignore lint/suspicious/noExplicitAny: tests read any field of any kind
export type Manifest = any;

/** The runtime image that the cluster has: `MODEL_SERVING_IMAGE`, or the one that manifests name anyway. */
export const IMAGE = process.env.MODEL_SERVING_IMAGE ?? DEFAULT_IMAGE;

// Clusters for tests are small: several replicas with a core each would never be scheduled.
const CPU_REQUEST = '50m';

/** Manifests of one online model. Fails when the declaration breaks a rule. */
export function synthesize(namespace: string, props: OnlineModelProps, id: string = 'model'): Manifest[] {
  const chart = new Chart(new App(), 'e2e', { namespace });
  new OnlineModel(chart, id, props);
  return forCluster(chart.toJson());
}

/** Manifests as the test cluster can run them: with the image it has, and small requests of CPU. */
export function forCluster(objects: readonly Manifest[]): Manifest[] {
  return objects.map((object) => {
    const changed = structuredClone(object);
    const pod = (changed.spec?.jobTemplate?.spec ?? changed.spec)?.template?.spec;
    for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
      container.image = container.image === DEFAULT_IMAGE ? IMAGE : container.image;
      if (container.resources?.requests?.cpu !== undefined) {
        container.resources.requests.cpu = CPU_REQUEST;
      }
    }
    return changed;
  });
}

/** Manifests of an example, in another namespace than the one it names. */
export function inNamespace(objects: readonly Manifest[], from: string, to: string): Manifest[] {
  return JSON.parse(JSON.stringify(objects).replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to));
}

/** Name of the only object of a kind; with `containing`, the only one whose name contains it. */
export function nameOf(objects: readonly Manifest[], kind: string, containing: string = ''): string {
  return only(objects, kind, containing).metadata.name;
}

/** The only object of a kind; with `containing`, the only one whose name contains it. */
export function only(objects: readonly Manifest[], kind: string, containing: string = ''): Manifest {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.includes(containing));
  expect(found.map(({ metadata }) => metadata.name)).toHaveLength(1);
  return found[0];
}
