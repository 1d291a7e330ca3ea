import { type ApiObjectMetadata, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { DEFAULT_IMAGE } from '../contract';
import { type Labels, objectName, selectorLabels, standardLabels } from '../kubernetes';
import type { PodOptions } from './pod-options';

/** Context value of an app or a chart that names the runtime image of all its models. */
const IMAGE_CONTEXT = 'model-serving/image';

/** What runs in pods. */
export interface PodSubject {
  /** Name and version in the labels: those of the model. */
  readonly name: string;
  readonly version: string;

  /** Its part in the whole: the role. */
  readonly component: string;

  /** What the name of the objects is made of, beside the path of the construct. */
  readonly called: string[];
}

/** What the objects of a construct are called, and what their pods run. */
export interface PodIdentity {
  /** Name of all objects. */
  readonly name: string;

  /** Absent = that of whoever applies the manifests. */
  readonly namespace: string | undefined;
  readonly labels: Labels;

  /** The labels that find its pods. */
  readonly selector: Labels;
  readonly image: string;

  /** Whether `image` is the one that comes with the library. */
  readonly bundledImage: boolean;
  readonly imagePullPolicy: string;
}

/** Decides what a user did not: names, labels, and the image (the construct's own, the app's, or the library's). */
export function resolvePodIdentity(
  construct: Construct,
  props: PodOptions & { readonly metadata?: ApiObjectMetadata },
  { called, ...subject }: PodSubject,
): PodIdentity {
  const chart = Chart.of(construct);
  const name = props.metadata?.name ?? objectName(construct, ...called);
  const labels = standardLabels({ ...subject, instance: name, partOf: chart.node.path || chart.node.id });
  const image: unknown = props.image ?? construct.node.tryGetContext(IMAGE_CONTEXT);
  return {
    name,
    namespace: props.metadata?.namespace ?? chart.namespace,
    labels,
    selector: selectorLabels(labels),
    image: image === undefined ? DEFAULT_IMAGE : String(image),
    bundledImage: image === undefined,
    imagePullPolicy: props.imagePullPolicy ?? 'IfNotPresent',
  };
}

/** What the metadata of all objects of a construct have in common. */
export function objectMetadata(
  { metadata }: { readonly metadata?: ApiObjectMetadata },
  { labels, namespace }: Pick<PodIdentity, 'labels' | 'namespace'>,
): ApiObjectMetadata {
  return { ...metadata, namespace, labels: { ...labels, ...metadata?.labels } };
}
