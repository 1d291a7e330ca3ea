import type { ObjectCheck, WorkloadCheck } from '../finding';
import { checkAutoscaler, checkBudget, checkReplicas, checkRollingUpdate } from './availability';
import { checkConfigMaps, checkConfiguration } from './configuration';
import { checkImages, checkPreStop, checkProbes, checkVariables } from './container';
import { checkNetworkPolicy, checkOwnSelector, checkSelectors } from './network';
import { checkPodSecurity, checkReadOnlyRoot, checkServiceAccountToken } from './pod-security';
import { checkContainerResources, checkVolumeRoom } from './resources';

/** Checks of workloads that serve models. */
export const WORKLOAD_CHECKS: WorkloadCheck[] = [
  checkPodSecurity,
  checkReadOnlyRoot,
  checkServiceAccountToken,
  checkImages,
  checkVariables,
  checkProbes,
  checkPreStop,
  checkContainerResources,
  checkVolumeRoom,
  checkConfiguration,
  checkRollingUpdate,
  checkReplicas,
  checkBudget,
  checkOwnSelector,
  checkNetworkPolicy,
];

/** Checks of every object. */
export const OBJECT_CHECKS: ObjectCheck[] = [checkConfigMaps, checkAutoscaler, checkSelectors];
