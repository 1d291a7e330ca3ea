import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { CONFIG_FILE, PORTS, ROLES } from '../contract';
import {
  applyPodPatch,
  contentName,
  type Json,
  jobName,
  kindOf,
  type Labels,
  millisOf,
  renderCronJob,
  renderJob,
  renderNetworkPolicy,
  scannerExceptions,
  validateConstruct,
} from '../kubernetes';
import type { Model } from '../model';
import { checkDeclaredOnce, declareModel, objectMetadata } from '../online';
import type { BatchJobProps } from './batch-job-props';
import { checkBatchJob } from './batch-job-rules';
import { renderJobConfig } from './job-config';
import { renderJobPod } from './job-pod';
import { type JobSettings, resolveJobSettings } from './job-settings';
import { redisSinks } from './prediction-sink';
import type { PredictionTable } from './prediction-table';
import type { Schedule } from './schedule';

const DEFAULT_RETRIES = 3;
const DEFAULT_RETAINED = 3;
const DEFAULT_TTL_SECONDS = 7 * 24 * 60 * 60;
const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/**
 * Runs a model over a table, once or on a schedule: every row of the input is exactly once in the output of a complete run, as
 * a prediction or as an error. The rows are split into shards, which are computed in parallel, in constant memory, and go on
 * where they were when a pod is lost. An Indexed Job of Kubernetes does it, alone or of a CronJob; nothing has to be installed.
 *
 * Wrong declarations fail at synth, all together, each with a rule code (`MS2301`): see docs/rules.md.
 *
 * It needs Kubernetes 1.29 or newer.
 */
export class BatchJob extends Construct {
  /** The model. */
  public readonly model: Model;

  /**
   * Name of the CronJob, or of the Job. That of a Job changes with its content, because a Job cannot be changed: another
   * declaration is another Job, and the same one, applied again, finds that it has run.
   */
  public readonly name: string;

  /** The CronJob where there is a schedule, else the Job; the default child of the construct. */
  public readonly job: ApiObject;

  /** The ConfigMap with the configuration. Its name changes with its content. */
  public readonly configMap: ApiObject;

  /** The network policy: it denies what is not declared. `node.tryRemoveChild('NetworkPolicy')` does without one. */
  public readonly networkPolicy: ApiObject;

  /** The ConfigMap with the model file, when the source is a file. */
  public readonly modelConfigMap?: ApiObject;

  /** The service account, unless one was given. */
  public readonly serviceAccount?: ApiObject;

  /**
   * The tables in Redis, and what a lookup has to know of them.
   *
   * @internal
   */
  public readonly _tables: PredictionTable[];

  /**
   * Columns of predictions, where they are known at synth.
   *
   * @internal
   */
  public readonly _predictions: string[] | undefined;

  public constructor(scope: Construct, id: string, props: BatchJobProps) {
    super(scope, id);
    const settings = resolveJobSettings(this, props);
    const { name } = settings;
    const metadata = objectMetadata(props, settings);
    const add = (child: string, kind: string, content: Json, objectName: string = name) =>
      new ApiObject(this, child, { ...kindOf(kind), metadata: { ...metadata, name: objectName }, ...content });

    this.model = props.model;
    this._tables = redisSinks(props.outputs).map((options) => ({
      options,
      table: options.table ?? props.model.name,
      intervalMillis: settings.intervalMillis,
    }));

    this._predictions = (props.predictions ?? props.model.signature?.outputs)?.map((column) => column.name);

    // In the order in which `kubectl apply` creates them: what pods need first.
    if (props.serviceAccount === undefined) {
      this.serviceAccount = add('ServiceAccount', 'ServiceAccount', { automountServiceAccountToken: false });
      for (const [key, value] of Object.entries(props.serviceAccountAnnotations ?? {})) {
        this.serviceAccount.metadata.addAnnotation(key, value);
      }
    }
    this.networkPolicy = add('NetworkPolicy', 'NetworkPolicy', { spec: networkPolicyOf(settings) });
    const config = renderJobConfig(props, settings);
    const configMapName = contentName(name, 'config', config);
    this.configMap = add('Config', 'ConfigMap', { immutable: true, data: { [CONFIG_FILE]: config } }, configMapName);
    const [carried] = settings.models.configMaps;
    if (carried !== undefined) {
      const { binaryData } = carried;
      this.modelConfigMap = add('Model', 'ConfigMap', { immutable: true, binaryData }, carried.name);
    }

    const serviceAccountName = props.serviceAccount?.name ?? name;
    const rendered = renderJobPod(props, settings, { serviceAccountName, configMapName });
    const { template, violations } = applyPodPatch(rendered, props.podPatch ?? []);
    const job = jobOf(props, settings, template);
    const { schedule } = props;
    this.name = schedule === undefined ? jobName(name, job) : name;
    const spec = schedule === undefined ? job : cronJobOf(props, settings, schedule, job);
    this.job = add('Resource', schedule === undefined ? 'Job' : 'CronJob', { spec }, this.name);
    for (const [key, value] of Object.entries(queueLabels(props))) {
      this.job.metadata.addLabel(key, value);
    }
    for (const [key, value] of Object.entries(scannerExceptions(job, metadata.annotations))) {
      this.job.metadata.addAnnotation(key, value);
    }

    const declared = { namespace: settings.namespace, name };
    declareModel(this, declared);
    const found = [...checkBatchJob(props, settings, config), ...violations];
    validateConstruct(this, () => [...found, ...checkDeclaredOnce(this, declared)]);
  }
}

function networkPolicyOf({ selector, monitors, models, additions }: JobSettings): Json {
  return renderNetworkPolicy({
    selector,
    ingress: [{ peers: monitors, ports: [PORTS.metrics] }],
    egress: [...models.egress, ...additions.egress],
  });
}

function jobOf(props: BatchJobProps, settings: JobSettings, template: Json): Json {
  const { schedule, ttlAfterFinished } = props;
  const ttlSeconds =
    ttlAfterFinished === undefined ? DEFAULT_TTL_SECONDS : Math.ceil(millisOf(ttlAfterFinished) / 1000);
  return renderJob({
    template,
    container: ROLES.batch,
    shards: settings.shards,
    parallelism: settings.parallelism,
    retriesPerShard: props.retriesPerShard ?? DEFAULT_RETRIES,
    maxFailedShards: props.maxFailedShards,
    deadlineSeconds: Math.ceil(settings.deadlineMillis / 1000),
    // The Jobs of a CronJob are removed by it.
    ttlSeconds: schedule === undefined ? ttlSeconds : undefined,
    suspend: schedule === undefined ? props.suspend : undefined,
  });
}

function cronJobOf(props: BatchJobProps, settings: JobSettings, schedule: Schedule, job: Json): Json {
  return renderCronJob({
    job,
    labels: { ...settings.labels, ...props.metadata?.labels, ...queueLabels(props) },
    annotations: props.metadata?.annotations,
    schedule: schedule.expression,
    timeZone: schedule.timeZone,
    startingDeadlineSeconds: Math.ceil(settings.startingMillis / 1000),
    successfulJobs: props.successfulJobsRetained ?? DEFAULT_RETAINED,
    failedJobs: props.failedJobsRetained ?? DEFAULT_RETAINED,
    suspend: props.suspend,
  });
}

// Kueue itself suspends what has to wait. A manifest that did would suspend a running Job when it is applied again.
function queueLabels({ queue }: BatchJobProps): Labels {
  return queue === undefined ? {} : { [QUEUE_LABEL]: queue };
}
