import * as z from 'zod';

// The parts of Kubernetes' API that decide what runs, with the API's own defaults. Keys that only a cluster can
// obey (scheduling, security, resources) are let through and have no effect.

const port = z.union([z.int().min(1).max(65_535), z.string().min(1)]);
const seconds = (value: number) => z.int().min(0).default(value);

const httpGet = z.looseObject({
  path: z.string().default('/'),
  port,
  scheme: z.enum(['HTTP', 'HTTPS']).default('HTTP'),
  httpHeaders: z.array(z.looseObject({ name: z.string(), value: z.string() })).default([]),
});

const probe = z.looseObject({
  httpGet: httpGet.optional(),
  exec: z.looseObject({ command: z.array(z.string()).min(1) }).optional(),
  tcpSocket: z.looseObject({ port }).optional(),
  initialDelaySeconds: seconds(0),
  periodSeconds: z.int().min(1).default(10),
  timeoutSeconds: z.int().min(1).default(1),
  successThreshold: z.int().min(1).default(1),
  failureThreshold: z.int().min(1).default(3),
  terminationGracePeriodSeconds: z.int().min(1).optional(),
});

const keyReference = z.looseObject({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const objectReference = z.looseObject({ name: z.string(), optional: z.boolean().default(false) });

const environmentVariable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      configMapKeyRef: keyReference.optional(),
      secretKeyRef: keyReference.optional(),
      fieldRef: z.looseObject({ fieldPath: z.string() }).optional(),
      resourceFieldRef: z
        .looseObject({
          resource: z.string(),
          divisor: z.union([z.string(), z.number()]).optional(),
          containerName: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
});

const quantities = z.record(z.string(), z.union([z.string(), z.number()])).default({});

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).default([]),
  env: z.array(environmentVariable).default([]),
  envFrom: z
    .array(
      z.looseObject({
        prefix: z.string().default(''),
        configMapRef: objectReference.optional(),
        secretRef: objectReference.optional(),
      }),
    )
    .default([]),
  ports: z
    .array(z.looseObject({ name: z.string().optional(), containerPort: z.int(), protocol: z.string().default('TCP') }))
    .default([]),
  volumeMounts: z
    .array(
      z.looseObject({
        name: z.string(),
        mountPath: z.string(),
        subPath: z.string().default(''),
        subPathExpr: z.string().optional(),
      }),
    )
    .default([]),
  resources: z.looseObject({ limits: quantities, requests: quantities }).default({ limits: {}, requests: {} }),
  startupProbe: probe.optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  lifecycle: z
    .looseObject({
      postStart: z.unknown().optional(),
      preStop: z.looseObject({ httpGet: httpGet.optional() }).optional(),
    })
    .optional(),
  restartPolicy: z.string().optional(),
  workingDir: z.string().optional(),
  terminationMessagePolicy: z.string().default('File'),
});

const items = z.array(z.looseObject({ key: z.string(), path: z.string(), mode: z.int().optional() })).optional();
const DEFAULT_MODE = 0o644;

const volume = z.looseObject({
  name: z.string(),
  emptyDir: z.looseObject({}).optional(),
  configMap: z
    .looseObject({
      name: z.string(),
      items,
      optional: z.boolean().default(false),
      defaultMode: z.int().default(DEFAULT_MODE),
    })
    .optional(),
  secret: z
    .looseObject({
      secretName: z.string(),
      items,
      optional: z.boolean().default(false),
      defaultMode: z.int().default(DEFAULT_MODE),
    })
    .optional(),
  projected: z
    .looseObject({
      defaultMode: z.int().default(DEFAULT_MODE),
      sources: z.array(
        z.looseObject({
          configMap: objectReference.extend({ items }).optional(),
          secret: objectReference.extend({ items }).optional(),
          serviceAccountToken: z.looseObject({ path: z.string(), audience: z.string().default('') }).optional(),
          downwardAPI: z
            .looseObject({
              items: z
                .array(
                  z.looseObject({
                    path: z.string(),
                    mode: z.int().optional(),
                    fieldRef: z.looseObject({ fieldPath: z.string() }).optional(),
                  }),
                )
                .default([]),
            })
            .optional(),
        }),
      ),
    })
    .optional(),
  persistentVolumeClaim: z.looseObject({ claimName: z.string() }).optional(),
  image: z.looseObject({ reference: z.string() }).optional(),
});

const labels = z.record(z.string(), z.string()).default({});

/** Template of a pod. */
export const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels, annotations: labels }).default({ labels: {}, annotations: {} }),
  spec: z.looseObject({
    initContainers: z.array(container).default([]),
    containers: z.array(container).min(1),
    volumes: z.array(volume).default([]),
    restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).default('Always'),
    serviceAccountName: z.string().default('default'),
    terminationGracePeriodSeconds: z.int().min(0).default(30),
  }),
});

/** A Deployment or a StatefulSet of `apps/v1`. */
export const deploymentSchema = z.looseObject({
  spec: z.looseObject({ replicas: z.int().min(0).optional(), template: podTemplate }),
});

/** A Service of `v1`. */
export const serviceSchema = z.looseObject({
  spec: z.looseObject({
    type: z.string().default('ClusterIP'),
    selector: z.record(z.string(), z.string()).optional(),
    clusterIP: z.string().optional(),
    publishNotReadyAddresses: z.boolean().default(false),
    ports: z
      .array(
        z.looseObject({
          name: z.string().default(''),
          port: z.int(),
          targetPort: port.optional(),
          protocol: z.string().default('TCP'),
          appProtocol: z.string().optional(),
        }),
      )
      .default([]),
  }),
});

/** A HorizontalPodAutoscaler of `autoscaling/v2`, or a ScaledObject of KEDA. */
export const autoscalerSchema = z.looseObject({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string().default('Deployment'), name: z.string() }),
    minReplicas: z.int().min(0).optional(),
    minReplicaCount: z.int().min(0).optional(),
  }),
});

/** A ConfigMap of `v1`. */
export const configMapSchema = z.looseObject({
  data: z.record(z.string(), z.string()).default({}),
  binaryData: z.record(z.string(), z.string()).default({}),
});

/** A Secret of `v1`. */
export const secretSchema = z.looseObject({
  data: z.record(z.string(), z.string()).default({}),
  stringData: z.record(z.string(), z.string()).default({}),
});

/** Template of a pod. */
export type PodTemplate = z.infer<typeof podTemplate>;
/** Container of a pod. */
export type Container = z.infer<typeof container>;
/** Environment variable of a container. */
export type EnvironmentVariable = z.infer<typeof environmentVariable>;
/** Volume of a pod. */
export type Volume = z.infer<typeof volume>;
/** Source of a projected volume. */
export type Projection = NonNullable<Volume['projected']>['sources'][number];
/** Probe of a container. */
export type Probe = z.infer<typeof probe>;
/** Request of a probe or a hook. */
export type HttpGet = z.infer<typeof httpGet>;
/** Port of a Service. */
export type ServicePort = z.infer<typeof serviceSchema>['spec']['ports'][number];
/** Keys of a ConfigMap or Secret to show as files; absent = all. */
export type Items = z.infer<typeof items>;
