import type { RuleTable } from './rule';

/** The model itself and where its file comes from: MS1000 to MS1199. */
export const MODEL_RULES = {
  modelName: {
    code: 'MS1001',
    title: 'Model name',
    statement:
      "A model name has 1 to 63 letters, digits, '.', '_' or '-', and starts and ends with a letter or a digit.",
    why: 'The name is part of the URL, of a Kubernetes label, of file paths and of metrics; only this form is valid in all of them.',
    severity: 'error',
    subject: 'both',
  },
  modelVersion: {
    code: 'MS1002',
    title: 'Model version',
    statement:
      "A model version has 1 to 63 letters, digits, '.', '_' or '-', and starts and ends with a letter or a digit.",
    why: 'The version is part of the URL, of a Kubernetes label, of file paths and of metrics; only this form is valid in all of them.',
    severity: 'error',
    subject: 'both',
  },
  digest: {
    code: 'MS1003',
    title: 'SHA-256 digest',
    statement: 'A digest is a SHA-256 of 64 lower-case hexadecimal digits.',
    why: 'The runtime refuses a model whose content differs from its digest, so that nobody can exchange the file on its way.',
    severity: 'error',
    subject: 'both',
  },
  uniqueModel: {
    code: 'MS1004',
    title: 'One declaration for each model version',
    statement: 'In one chart and namespace, a model name and version are declared once.',
    why: 'Requests, metrics and logs name a model by name and version; two declarations of the same could not be told apart.',
    severity: 'error',
    subject: 'program',
  },
  modelFile: {
    code: 'MS1005',
    title: 'Model file is readable',
    statement: 'The model file exists, is a regular file, can be read and is not empty.',
    why: 'The file is read at synth: its digest, its inputs and its outputs become part of the manifests.',
    severity: 'error',
    subject: 'program',
  },
  onnxFile: {
    code: 'MS1006',
    title: 'Model file is ONNX',
    statement: 'The model file is a complete ONNX model: IR version, operator sets, and a graph with outputs.',
    why: 'Anything else would fail in the cluster, after every pod has been started. Formats that run code when opened (pickle, joblib) are never served.',
    severity: 'error',
    subject: 'program',
  },
  externalData: {
    code: 'MS1007',
    title: 'Model file is self-contained',
    statement: 'The model holds its weights itself; it refers to no external data file.',
    why: 'One digest must cover the whole model, and a path inside a model file can point outside its directory.',
    severity: 'error',
    subject: 'program',
  },
  signature: {
    code: 'MS1008',
    title: 'Inputs and outputs are tensors',
    statement:
      'Every input and output has a name of its own and is a dense tensor of a datatype of the Open Inference Protocol.',
    why: 'Sequences, maps, sparse tensors, complex numbers and numbers of eight bits or less that are no integers have no form on the wire. (The ZipMap that skl2onnx adds is removed by the runtime and is no fault.)',
    severity: 'error',
    subject: 'program',
  },
  configMapSize: {
    code: 'MS1009',
    title: 'Content fits into a ConfigMap',
    statement: 'A ConfigMap, written as JSON, has at most 262144 bytes.',
    why: '`kubectl apply` keeps the whole object in an annotation of that size, and binary data grows by a third on its way.',
    severity: 'error',
    subject: 'both',
  },
  sourceAddress: {
    code: 'MS1101',
    title: 'Source address',
    statement:
      'A source has an address of its own kind: s3://bucket/key, gs://bucket/object, https://account.blob.core.windows.net/container/blob, or https://host/path, without user name, password and fragment; a % is written %25, and s3:// and gs:// have no query.',
    why: 'The scheme decides which client downloads, and credentials in an address end up in manifests and logs.',
    severity: 'error',
    subject: 'program',
  },
  sourceEndpoint: {
    code: 'MS1102',
    title: 'Source endpoint',
    statement: 'An endpoint is an http:// or https:// address of a server, without a path to an object.',
    why: 'The endpoint replaces the address of the storage provider; the object is named by the source address.',
    severity: 'error',
    subject: 'program',
  },
  sourceHost: {
    code: 'MS1103',
    title: 'Source host',
    statement:
      'A source outside the cluster, and a store of tables, is spoken to over https://; a link-local address (169.254.0.0/16, fe80::/10) is never one.',
    why: 'Without encryption credentials, model and rows can be read and exchanged on the way; link-local addresses belong to the metadata service of the cloud, which hands out credentials.',
    severity: 'error',
    subject: 'program',
  },
  sourceArchive: {
    code: 'MS1104',
    title: 'Archive',
    statement:
      "An archive member is a relative path without '..'; a digest of the archive goes with a member, and the digest of the model is always of the model file.",
    why: 'The member is unpacked next to nothing else, and its digest is checked before it is opened.',
    severity: 'error',
    subject: 'program',
  },
  sourceLimits: {
    code: 'MS1105',
    title: 'Download limits',
    statement: 'The largest download and its longest time are larger than zero.',
    why: 'A limit of zero refuses every model.',
    severity: 'error',
    subject: 'program',
  },
  sourcePath: {
    code: 'MS1106',
    title: 'Path inside a volume or image',
    statement: "The path of a model inside a claim is relative, inside an image absolute; it has no '..'.",
    why: 'A path that leaves its volume would open a file that nobody declared.',
    severity: 'error',
    subject: 'program',
  },
  sourceName: {
    code: 'MS1107',
    title: 'Name of a claim, region or redirect host',
    statement:
      'A claim name is a Kubernetes object name, a region has letters, digits and hyphens, a redirect host is a host name alone.',
    why: 'The API server, the storage client or the runtime would refuse it, after the pods have been started.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
