import { ApiObject, Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';

const LABELS = { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/part-of': 'product-recommendations' };

const ONE_ON_PURPOSE = 'One Redis that forgets everything is enough for a demonstration.';
const NO_REGISTRY =
  'The demonstration also runs where the image was loaded by hand; a real Redis is named by its digest.';

/** What scanners of manifests find in a demonstration, and why it stays so. */
const SCANNER_EXCEPTIONS = {
  'kube-score/ignore': 'deployment-replicas,container-image-pull-policy',
  'kube-score/reason.deployment-replicas': ONE_ON_PURPOSE,
  'kube-score/reason.container-image-pull-policy': NO_REGISTRY,
  'checkov.io/skip-CKV_K8S_15': `CKV_K8S_15=${NO_REGISTRY}`,
  'checkov.io/skip-CKV_K8S_43': `CKV_K8S_43=${NO_REGISTRY}`,
};

/** Properties of {@link DemoRedis}. */
export interface DemoRedisProps extends ChartProps {
  /**
   * Image of Redis. A tag can be moved: name the digest that your registry shows.
   *
   * @default 'redis:7.4-alpine'
   */
  readonly image?: string;
}

/** One Redis that keeps everything in memory and forgets it at its end: enough for a demonstration, and for nothing else. */
export class DemoRedis extends Chart {
  public constructor(scope: Construct, id: string, props: DemoRedisProps) {
    super(scope, id, props);
    const metadata = { name: 'redis', namespace: props.namespace, labels: LABELS };
    new ApiObject(this, 'NetworkPolicy', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: LABELS },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: ['batch', 'lookup'].map((component) => ({
              podSelector: { matchLabels: { 'app.kubernetes.io/component': component } },
            })),
            ports: [{ port: 6379 }],
          },
        ],
        egress: [],
      },
    });
    new ApiObject(this, 'Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: LABELS, ports: [{ name: 'redis', port: 6379, targetPort: 'redis' }] },
    });
    new ApiObject(this, 'Resource', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, annotations: SCANNER_EXCEPTIONS },
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: podSpec(props.image ?? 'redis:7.4-alpine') },
      },
    });
  }
}

function podSpec(image: string) {
  const resources = { cpu: '250m', memory: '1Gi', 'ephemeral-storage': '64Mi' };
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'redis',
        image,
        // Without protected mode: the network policy says who may connect. Images differ in the default, which refuses them all.
        command: ['redis-server', '--save', '', '--appendonly', 'no', '--maxmemory', '896mb', '--protected-mode', 'no'],
        ports: [{ name: 'redis', containerPort: 6379 }],
        resources: { requests: resources, limits: resources },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        // -e: an error as an answer, such as that it still loads, is no readiness; but the process lives.
        readinessProbe: { exec: { command: ['redis-cli', '-e', 'ping'] } },
        livenessProbe: {
          exec: { command: ['redis-cli', 'ping'] },
          periodSeconds: 10,
          timeoutSeconds: 5,
          failureThreshold: 6,
        },
      },
    ],
  };
}
