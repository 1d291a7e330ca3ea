import { existsSync, readFileSync } from 'node:fs';
import { containerPath, currentSandbox } from '../../config';
import { PATHS, ROLLOUT_SCHEMA } from '../../contract';
import { KubernetesApi } from '../../kubernetes-api';
import type { RolloutAccess } from './access';
import { ApiAccess } from './api-access';
import { KubectlAccess } from './kubectl-access';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Where the rollout is. */
export interface AccessOptions {
  /** Address of the API of `model-serving local`. */
  readonly server?: string;

  /** @default - that of the context of kubectl, or of the pod; `default` with a server */
  readonly namespace?: string;

  /** Context of kubectl. @default - the current one */
  readonly context?: string;
}

/** The API that a person, or a process of a pod, reaches: a server by address, that of its pod, else by kubectl. */
export function openAccess({ server, namespace, context }: AccessOptions): RolloutAccess {
  if (server !== undefined) {
    return new ApiAccess(KubernetesApi.at(server, { namespace }), ` of ${server}`);
  }
  if (context === undefined && isInPod()) {
    const api = KubernetesApi.fromEnvironment();
    if (namespace === undefined || namespace === api.namespace) {
      return new ApiAccess(api, '', ownRollout());
    }
  }
  return new KubectlAccess({ namespace, context });
}

function isInPod(): boolean {
  return (
    currentSandbox()?.api !== undefined || ((process.env.KUBERNETES_SERVICE_HOST ?? '') !== '' && existsSync(TOKEN))
  );
}

/** The rollout that the configuration of this pod is of: a controller may not list others. */
function ownRollout(): string | undefined {
  try {
    const config = JSON.parse(readFileSync(containerPath(PATHS.config), 'utf8')) as Record<string, unknown>;
    return config.schema === ROLLOUT_SCHEMA && typeof config.name === 'string' ? config.name : undefined;
  } catch {
    return undefined;
  }
}
