import type { ApiObjectMetadata } from 'cdk8s';
import {
  checkEnvironment,
  checkImage,
  checkObjectNames,
  checkPodMetadata,
  checkScheduling,
  checkServiceAccount,
  type Violation,
} from '../kubernetes';
import type { PodIdentity } from './pod-identity';
import type { PodOptions } from './pod-options';

/** Checks how the pods of a construct are made, and what its objects are called. */
export function checkPodOptions(
  props: PodOptions & { readonly metadata?: ApiObjectMetadata },
  { image, name, namespace }: Pick<PodIdentity, 'image' | 'name' | 'namespace'>,
): Violation[] {
  return [
    ...checkImage('The runtime image', image),
    ...checkObjectNames(name, namespace, props.metadata),
    ...checkPodMetadata(props.podMetadata),
    ...checkEnvironment(props.env ?? {}),
    ...checkScheduling(props),
    ...checkServiceAccount(props.serviceAccount, props.serviceAccountAnnotations),
  ];
}
