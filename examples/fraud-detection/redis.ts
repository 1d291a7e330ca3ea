import { ApiObject, Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';

const LABELS = { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/part-of': 'fraud-detection' };

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
            from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'predictor' } } }],
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
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: podSpec(props.image ?? 'redis:7.4-alpine') },
      },
    });
  }
}

function podSpec(image: string) {
  const resources = { cpu: '250m', memory: '128Mi', 'ephemeral-storage': '64Mi' };
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
        command: ['redis-server', '--save', '', '--appendonly', 'no', '--maxmemory', '96mb'],
        ports: [{ name: 'redis', containerPort: 6379 }],
        resources: { requests: resources, limits: resources },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        readinessProbe: { exec: { command: ['redis-cli', 'ping'] } },
      },
    ],
  };
}
