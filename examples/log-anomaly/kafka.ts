import { ApiObject, Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';

const LABELS = { 'app.kubernetes.io/name': 'kafka', 'app.kubernetes.io/part-of': 'log-anomaly' };
const CONSUMER = { 'app.kubernetes.io/component': 'stream' };

const DATA = '/var/lib/kafka';
const READY = `${DATA}/ready`;
const PROPERTIES = '/etc/kafka-demo';
const LOCAL = 'localhost:9094';

const ONE_ON_PURPOSE = 'One broker that forgets everything is enough for a demonstration.';
const NO_REGISTRY =
  'The demonstration also runs where the image was loaded by hand; a real broker is named by its digest.';

/** What scanners of manifests find in a demonstration, and why it stays so. */
const SCANNER_EXCEPTIONS = {
  'kube-score/ignore': 'deployment-replicas,deployment-strategy,container-image-pull-policy',
  'kube-score/reason.deployment-replicas': ONE_ON_PURPOSE,
  'kube-score/reason.deployment-strategy': 'Two brokers at a time would be two clusters behind one name.',
  'kube-score/reason.container-image-pull-policy': NO_REGISTRY,
  'checkov.io/skip-CKV_K8S_15': `CKV_K8S_15=${NO_REGISTRY}`,
  'checkov.io/skip-CKV_K8S_43': `CKV_K8S_43=${NO_REGISTRY}`,
};

/** Properties of {@link DemoKafka}. */
export interface DemoKafkaProps extends ChartProps {
  readonly namespace: string;

  /** Topics to make. */
  readonly topics: string[];

  /** Number of partitions of each. */
  readonly partitions: number;

  /**
   * Image of Kafka, with its programs in `/opt/kafka/bin`. A tag can be moved: name the digest that your registry shows.
   *
   * @default 'apache/kafka:4.1.1'
   */
  readonly image?: string;
}

/** One broker that forgets everything at its end: enough for a demonstration, and for nothing else. It is ready when its topics are there. */
export class DemoKafka extends Chart {
  public constructor(scope: Construct, id: string, props: DemoKafkaProps) {
    super(scope, id, props);
    const metadata = { name: 'kafka', namespace: props.namespace, labels: LABELS };
    new ApiObject(this, 'NetworkPolicy', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: LABELS },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: { matchLabels: CONSUMER } }], ports: [{ port: 9092 }] }],
        egress: [],
      },
    });
    new ApiObject(this, 'Config', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'server.properties': serverProperties(`kafka.${props.namespace}:9092`) },
    });
    new ApiObject(this, 'Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: LABELS, ports: [{ name: 'kafka', port: 9092, targetPort: 'kafka' }] },
    });
    new ApiObject(this, 'Resource', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, annotations: SCANNER_EXCEPTIONS },
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: podSpec(props) },
      },
    });
  }
}

/** One node that is broker and controller. Its topics are made over a listener of its own: its Service is there when it is ready. */
function serverProperties(server: string): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://:9092,LOCAL://${LOCAL},CONTROLLER://localhost:9093`,
    'advertised.listeners': `PLAINTEXT://${server},LOCAL://${LOCAL}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,LOCAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'LOCAL',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.bootstrap.servers': 'localhost:9093',
    'log.dirs': `${DATA}/data`,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** A shell script: the topics are made while the broker runs. */
function script({ topics, partitions }: DemoKafkaProps): string {
  const make = topics.map(
    (topic) =>
      `until kafka-topics.sh --bootstrap-server ${LOCAL} --create --if-not-exists --topic ${topic} --partitions ${partitions}; do sleep 1; done`,
  );
  return [
    'set -e',
    `kafka-storage.sh format --standalone --ignore-formatted --cluster-id "$(kafka-storage.sh random-uuid)" --config ${PROPERTIES}/server.properties`,
    `(${[...make, `touch ${READY}`].join('; ')}) &`,
    `exec kafka-server-start.sh ${PROPERTIES}/server.properties`,
  ].join('\n');
}

function podSpec(props: DemoKafkaProps) {
  const resources = { cpu: '1', memory: '1536Mi', 'ephemeral-storage': '2Gi' };
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'kafka',
        image: props.image ?? 'apache/kafka:4.1.1',
        command: ['sh', '-c', script(props)],
        env: [
          { name: 'PATH', value: '/opt/kafka/bin:/opt/java/openjdk/bin:/usr/local/bin:/usr/bin:/bin' },
          { name: 'LOG_DIR', value: `${DATA}/logs` },
          { name: 'KAFKA_HEAP_OPTS', value: '-Xmx512m -Xms512m' },
        ],
        ports: [{ name: 'kafka', containerPort: 9092 }],
        resources: { requests: { ...resources, cpu: '250m' }, limits: resources },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'data', mountPath: DATA },
          { name: 'config', mountPath: PROPERTIES, readOnly: true },
        ],
        readinessProbe: { exec: { command: ['test', '-f', READY] }, periodSeconds: 2 },
        livenessProbe: {
          tcpSocket: { port: 'kafka' },
          initialDelaySeconds: 60,
          periodSeconds: 20,
          timeoutSeconds: 5,
          failureThreshold: 6,
        },
      },
    ],
    volumes: [
      { name: 'data', emptyDir: { sizeLimit: '1Gi' } },
      { name: 'config', configMap: { name: 'kafka' } },
    ],
  };
}
