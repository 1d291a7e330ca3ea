import { CONFIG_FILE, PATHS, ROLES } from '../../contract';
import { at, checkConfigMapSize, type Json, objectOf, objectsOf, quote, RULES } from '../../kubernetes';
import { batchConfigProblems, lookupConfigProblems } from '../batch-config-schema';
import { type ConfigProblem, configProblems } from '../config-schema';
import { finding, findings, type ObjectCheck, type WorkloadCheck } from '../finding';
import type { Manifests, Workload } from '../manifests';
import { streamConfigProblems } from '../stream-config-schema';
import { checkAgainstPod } from './config-and-pod';

/** ConfigMaps that `kubectl apply` can handle. */
export const checkConfigMaps: ObjectCheck = (object) =>
  object.kind === 'ConfigMap'
    ? findings(
        object,
        checkConfigMapSize(
          `The ConfigMap ${quote(object.name)}`,
          Buffer.byteLength(JSON.stringify(object.content)),
          'Use a source that is not a file, such as ModelSource.s3(…).',
        ),
      )
    : [];

/** What is wrong with the configuration of a role. */
const PROBLEMS: { readonly [role: string]: (config: unknown) => ConfigProblem[] } = {
  [ROLES.predictor]: configProblems,
  [ROLES.batch]: batchConfigProblems,
  [ROLES.lookup]: lookupConfigProblems,
  [ROLES.stream]: streamConfigProblems,
};

/** The configuration of what serves or computes: there, of the right schema, and in line with the pod. */
export const checkConfiguration: WorkloadCheck = (workload, manifests) => {
  const container = objectsOf(workload.pod.containers).find(
    ({ args }) => Array.isArray(args) && PROBLEMS[args[0]] !== undefined && args.includes(PATHS.config),
  );
  if (container === undefined) {
    return [];
  }
  const text = configText(workload, container, manifests);
  if (text === undefined) {
    return [
      finding(
        workload,
        RULES.configuration,
        `The container ${quote(container.name)} reads ${PATHS.config}, and no ConfigMap of these manifests is mounted there with ${CONFIG_FILE}.`,
        'Mount the ConfigMap that the construct makes.',
      ),
    ];
  }
  const config = parse(text);
  const found = problemsOf(container, config).map(({ rule, found: problem }) =>
    finding(workload, rule, problem, 'Change the properties of the construct; it writes the configuration.'),
  );
  return found.length > 0 ? found : checkAgainstPod(workload, container, objectOf(config));
};

function problemsOf({ args }: Json, config: unknown): ConfigProblem[] {
  const [role] = Array.isArray(args) ? args : [];
  return PROBLEMS[String(role)]?.(config) ?? [];
}

function configText(workload: Workload, container: Json, manifests: Manifests): string | undefined {
  const mount = objectsOf(container.volumeMounts).find(({ mountPath }) => mountPath === PATHS.configDirectory);
  const volume = objectsOf(workload.pod.volumes).find(({ name }) => mount !== undefined && name === mount.name);
  const configMap = manifests
    .ofKind('ConfigMap')
    .find(({ name, namespace }) => namespace === workload.namespace && name === at(volume, 'configMap', 'name'));
  const text = at(configMap?.content, 'data', CONFIG_FILE);
  return typeof text === 'string' ? text : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no object, so refused by the schema
  }
}
