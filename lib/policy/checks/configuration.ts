import { CONFIG_FILE, PATHS, PORT_NAMES } from '../../contract';
import {
  at,
  checkConfigMapSize,
  checkGracePeriod,
  type Json,
  objectOf,
  objectsOf,
  quote,
  RULES,
  readableMillis,
} from '../../kubernetes';
import { configProblems } from '../config-schema';
import { type Finding, finding, findings, type ObjectCheck, type WorkloadCheck } from '../finding';
import type { Manifests, Workload } from '../manifests';

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

/** The configuration of a predictor: there, of the right schema, and in line with the pod. */
export const checkConfiguration: WorkloadCheck = (workload, manifests) => {
  const container = objectsOf(workload.pod.containers).find(
    ({ args }) => Array.isArray(args) && args.includes(PATHS.config),
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
  const found = configProblems(config).map(({ rule, found: problem }) =>
    finding(workload, rule, problem, 'Change the properties of the construct; it writes the configuration.'),
  );
  return found.length > 0 ? found : checkAgainstPod(workload, container, objectOf(config));
};

function checkAgainstPod(workload: Workload, container: Json, config: Json): Finding[] {
  const server = objectOf(config.server);
  const drain = Number(server.drainTimeoutMillis);
  const found = findings(workload, checkGracePeriod(workload.pod, container, drain));
  const budget = Math.max(
    ...objectsOf(config.models).map(({ latencyBudgetMillis }) =>
      Number(latencyBudgetMillis ?? server.requestTimeoutMillis),
    ),
  );
  if (drain < budget) {
    found.push(
      finding(
        workload,
        RULES.drainTime,
        `The drain time is ${readableMillis(drain)}, and the latency budget ${readableMillis(budget)}.`,
        'Raise drainTime, or leave it out.',
      ),
    );
  }
  for (const [name, port] of [
    [PORT_NAMES.http, server.httpPort],
    [PORT_NAMES.metrics, server.metricsPort],
  ]) {
    const declared = objectsOf(container.ports).find((each) => each.name === name)?.containerPort;
    if (declared !== port) {
      found.push(
        finding(
          workload,
          RULES.configuration,
          `The container port ${quote(name)} is ${quote(declared)}, and the configuration has ${quote(port)}.`,
          'Use the same port in both.',
        ),
      );
    }
  }
  return found;
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
