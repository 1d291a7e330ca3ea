import type { RuleTable } from './rule';

/** Resources, replicas and disruption: MS1200 to MS1399. */
export const CAPACITY_RULES = {
  positiveAmount: {
    code: 'MS1201',
    title: 'Resource amounts',
    statement: 'A CPU, memory or storage amount is larger than zero; a number of GPUs is a whole number of at least 1.',
    why: 'An amount of zero makes a pod that cannot run, or that the scheduler places without looking.',
    severity: 'error',
    subject: 'program',
  },
  requestWithinLimit: {
    code: 'MS1202',
    title: 'Request and limit',
    statement: 'A resource request is at most its limit.',
    why: 'The API server refuses the pod.',
    severity: 'error',
    subject: 'both',
  },
  memoryForModel: {
    code: 'MS1203',
    title: 'Memory for the model',
    statement:
      'The memory limit is at least 128 MiB, plus twice the size of every model file (or of the largest download accepted), plus what caches, waiting requests and the prediction log may hold.',
    why: 'While a model loads, its file and its weights are in memory together, and caches fill up to their size; a smaller limit ends in a container that is killed and started again for ever.',
    severity: 'error',
    subject: 'program',
  },
  storageForVolumes: {
    code: 'MS1204',
    title: 'Ephemeral storage for the volumes',
    statement:
      "The ephemeral storage limit is at least the size limits of the pod's own volumes (/tmp, downloaded models, the prediction log) and 64 MiB for logs.",
    why: 'What is written to those volumes counts against the limit, and a pod above it is evicted.',
    severity: 'error',
    subject: 'both',
  },
  gpuResource: {
    code: 'MS1205',
    title: 'GPU resource name',
    statement: 'A GPU is named by the resource of its device plugin, as vendor.domain/resource.',
    why: 'Any other name is not an extended resource, and the API server refuses the pod.',
    severity: 'error',
    subject: 'both',
  },
  gpuVendor: {
    code: 'MS1206',
    title: 'GPU vendor',
    statement:
      'The vendor of a GPU resource is one that is known: nvidia.com, amd.com, gpu.intel.com, habana.ai, google.com, aws.amazon.com, huawei.com.',
    why: 'A resource that no device plugin offers leaves every pod Pending for ever; most often the name is misspelt.',
    severity: 'warning',
    subject: 'both',
  },
  gpuImage: {
    code: 'MS1207',
    title: 'Image that can use the GPU',
    statement: 'A model on a GPU names an image that computes on it.',
    why: 'The bundled runtime image computes on the CPU: the GPU would be reserved, paid for and never used.',
    severity: 'error',
    subject: 'program',
  },
  replicas: {
    code: 'MS1301',
    title: 'Replicas',
    statement: 'A number of replicas is a whole number of at least 1.',
    why: 'With zero replicas nothing answers, and nothing here starts a pod when a request arrives.',
    severity: 'error',
    subject: 'both',
  },
  oneReplicaOwner: {
    code: 'MS1302',
    title: 'One owner of the replica count',
    statement: 'The replica count is set by `replicas`, or by `scaling`, never by both.',
    why: 'Each deployment would set the count back, and the autoscaler would change it again: capacity drops at every release.',
    severity: 'error',
    subject: 'both',
  },
  replicaRange: {
    code: 'MS1303',
    title: 'Replica range',
    statement: 'The smallest number of replicas is at most the largest.',
    why: 'The API server refuses the autoscaler.',
    severity: 'error',
    subject: 'both',
  },
  targetUtilization: {
    code: 'MS1304',
    title: 'Target utilization',
    statement: 'A target utilization is a whole number from 1 to 100 percent of the CPU request.',
    why: 'Below 1 it scales out without end; above 100 the pods are saturated before it scales at all.',
    severity: 'error',
    subject: 'both',
  },
  evictablePod: {
    code: 'MS1305',
    title: 'Disruption budget leaves a pod to evict',
    statement: 'A disruption budget lets at least one pod be evicted when all replicas are healthy.',
    why: 'A budget that allows none blocks every node drain, and with it every upgrade of the cluster.',
    severity: 'error',
    subject: 'both',
  },
} as const satisfies RuleTable;
