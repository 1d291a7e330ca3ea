import { PORT_NAMES, ROLES, STREAM_SCHEMA } from '../../contract';
import {
  at,
  checkGracePeriod,
  checkMemberName,
  isObject,
  type Json,
  objectOf,
  objectsOf,
  quote,
  RULES,
  readableMillis,
} from '../../kubernetes';
import { type Finding, finding, findings } from '../finding';
import { containersOf, type Workload } from '../manifests';

/** Keys of the configuration whose values are the user's own data. */
const USER_DATA = ['request', 'prediction', 'defaultPrediction'];

/** A configuration that has the right schema, against the pod that reads it. */
export function checkAgainstPod(workload: Workload, container: Json, config: Json): Finding[] {
  if (config.server === undefined) {
    return [
      ...checkPort(workload, container, PORT_NAMES.metrics, config.metricsPort),
      ...(config.schema === STREAM_SCHEMA ? checkConsumer(workload, container, config) : []),
      ...checkFiles(workload, container, config),
    ];
  }
  return [
    ...checkTimes(workload, container, config),
    ...checkPorts(workload, container, objectOf(config.server)),
    ...checkProbeTargets(workload, container, objectOf(config.server)),
    ...checkFiles(workload, container, config),
  ];
}

/** A consumer gets the time to end its micro-batches, and its pods have names that last where it is known by them. */
function checkConsumer(workload: Workload, container: Json, config: Json): Finding[] {
  const isNamed = config.delivery === 'exactly-once' || at(config.source, 'staticMembership') === true;
  return findings(workload, [
    ...checkGracePeriod(workload.pod, container, Number(config.drainTimeoutMillis)),
    ...(isNamed ? checkMemberName(workload.kind, container) : []),
  ]);
}

function checkTimes(workload: Workload, container: Json, { server, models }: Json): Finding[] {
  const { drainTimeoutMillis, requestTimeoutMillis } = objectOf(server);
  const drain = Number(drainTimeoutMillis);
  const found = findings(workload, checkGracePeriod(workload.pod, container, drain));
  const budget = Math.max(
    Number(models === undefined ? requestTimeoutMillis : 0),
    ...objectsOf(models).map(({ latencyBudgetMillis }) => Number(latencyBudgetMillis ?? requestTimeoutMillis)),
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
  return found;
}

function checkPorts(workload: Workload, container: Json, server: Json): Finding[] {
  return [
    [PORT_NAMES.http, server.httpPort],
    [PORT_NAMES.grpc, server.grpcPort],
    [PORT_NAMES.metrics, server.metricsPort],
  ].flatMap(([name, port]) => checkPort(workload, container, name, port));
}

function checkPort(workload: Workload, container: Json, name: unknown, port: unknown): Finding[] {
  const declared = objectsOf(container.ports).find((each) => each.name === name)?.containerPort;
  return declared === port
    ? []
    : [
        problem(
          workload,
          `The container port ${quote(name)} is ${quote(declared)}, and the configuration has ${quote(port)}.`,
          'Use the same port in both.',
        ),
      ];
}

/** A kubelet takes any certificate, and has none of its own; the metrics port never speaks TLS. */
function checkProbeTargets(workload: Workload, container: Json, { tls, httpPort }: Json): Finding[] {
  return ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((name) => {
    const get = at(container, name, 'httpGet');
    if (!isObject(get)) {
      return [];
    }
    const serving = get.port === PORT_NAMES.http || get.port === httpPort;
    const asked = get.scheme ?? 'HTTP';
    const spoken = serving && tls !== undefined ? 'HTTPS' : 'HTTP';
    if (asked !== spoken) {
      return [
        problem(
          workload,
          `The ${name} asks the port ${quote(get.port)} over ${String(asked)}, and the configuration makes it speak ${spoken}.`,
          `Set the scheme of the probe to ${spoken}.`,
        ),
      ];
    }
    return serving && at(tls, 'clientCaPath') !== undefined
      ? [
          problem(
            workload,
            `The ${name} asks the port ${quote(get.port)}, and clients of that port need a certificate.`,
            `Let the probe ask the port ${quote(PORT_NAMES.metrics)} over HTTP.`,
          ),
        ]
      : [];
  });
}

/** Files of the configuration that the containers which need them do not have. */
function checkFiles(workload: Workload, container: Json, config: Json): Finding[] {
  const { models, ...server } = config;
  const withoutSources = objectsOf(models).map(({ source: _, ...model }) => model);
  const fetchers = containersOf(workload).filter(({ args }) => Array.isArray(args) && args[0] === ROLES.fetch);
  return [
    ...missingFiles(workload, container, { ...server, models: withoutSources }),
    ...fetchers.flatMap((fetcher) => missingFiles(workload, fetcher, { models: objectsOf(models).map(downloadOf) })),
  ];
}

/** What the container that downloads writes and reads. */
function downloadOf({ path, source }: Json): Json {
  return isObject(source) ? { path, source } : {};
}

function missingFiles(workload: Workload, container: Json, config: Json): Finding[] {
  const mounts = objectsOf(container.volumeMounts).map(({ mountPath }) => String(mountPath));
  return filesIn(config, 'config')
    .filter(({ file }) => !mounts.some((mount) => file === mount || file.startsWith(`${mount}/`)))
    .map(({ where, file }) =>
      problem(
        workload,
        `${where} is ${quote(file)}, and the container ${quote(container.name)} mounts no volume there.`,
        'Restore the volume and the mount that the construct makes.',
      ),
    );
}

/** In the configuration the key of every path ends so. */
function filesIn(value: unknown, where: string): { where: string; file: string }[] {
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => filesIn(each, `${where}[${index}]`));
  }
  return Object.entries(objectOf(value)).flatMap(([key, each]) => {
    if (typeof each === 'string') {
      return /(^p|P)ath$/.test(key) ? [{ where: `${where}.${key}`, file: each }] : [];
    }
    return USER_DATA.includes(key) ? [] : filesIn(each, `${where}.${key}`);
  });
}

function problem(workload: Workload, found: string, fix: string): Finding {
  return finding(workload, RULES.configuration, found, fix);
}
