import { CONFIG_FILE } from '../contract';
import { at, type Json, objectOf } from '../kubernetes';
import type { OnlineModel } from '../online';

/** Numbers of replicas that a version may have. */
export interface ReplicaRange {
  readonly least: number;
  readonly most: number;
}

/** Replicas of a version as its manifests say, patches included. */
export function replicasOf({ deployment, autoscaler }: OnlineModel): ReplicaRange {
  if (autoscaler !== undefined) {
    const { minReplicas = 1, maxReplicas } = objectOf(autoscaler.toJson().spec);
    return { least: Number(minReplicas), most: Number(maxReplicas) };
  }
  const replicas = Number(at(deployment.toJson(), 'spec', 'replicas') ?? 1);
  return { least: replicas, most: replicas };
}

/** What the predictor of a version reads. */
export function configOf({ configMap }: OnlineModel): Json {
  return objectOf(JSON.parse(String(at(configMap.toJson(), 'data', CONFIG_FILE))));
}
