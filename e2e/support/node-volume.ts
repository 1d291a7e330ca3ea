import { randomBytes } from 'node:crypto';
import { kubectl } from './kubectl';
import { IMAGE, type Manifest } from './manifests';
import type { Namespace } from './namespace';

const MOUNT = '/volume';

/**
 * A directory of one node as a persistent volume with a bound claim, and files in it. Writing on a node is forbidden under
 * Pod Security `restricted`: the pod that does it, as root, has a namespace of its own.
 */
export class NodeVolume {
  /**
   * @param claim name of the claim, in the namespace
   * @param files contents by name
   */
  static async create(
    namespace: Namespace,
    claim: string,
    files: Readonly<Record<string, Buffer>>,
  ): Promise<NodeVolume> {
    const name = `e2e-volume-${randomBytes(3).toString('hex')}`;
    const [node] = JSON.parse(await kubectl(['get', 'nodes', '--output', 'json'])).items;
    const volume = new NodeVolume(name, node.metadata.name, `/var/tmp/${name}`);
    await volume.write(files);
    await kubectl(['apply', '-f', '-'], JSON.stringify(volume.persistentVolume(node.metadata.labels)));
    await namespace.apply([volume.claim(claim)]);
    await namespace.kubectl(['wait', '--for=jsonpath={.status.phase}=Bound', `pvc/${claim}`, '--timeout=60s']);
    return volume;
  }

  private constructor(
    private readonly name: string,
    private readonly node: string,
    private readonly directory: string,
  ) {}

  /** Deletes the files, the volume and the pod that wrote them. Call it when nothing uses the claim any more. */
  async delete(): Promise<void> {
    await this.exec(`require('node:fs').rmSync('${MOUNT}${this.directory}', { recursive: true })`);
    await kubectl(['delete', 'persistentvolume', this.name, '--wait=false']);
    await kubectl(['delete', 'namespace', this.name, '--timeout=120s']);
  }

  private async write(files: Readonly<Record<string, Buffer>>): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.name } };
    await kubectl(['apply', '-f', '-'], JSON.stringify(namespace));
    await kubectl(['--namespace', this.name, 'apply', '-f', '-'], JSON.stringify(this.writer()));
    await kubectl(['--namespace', this.name, 'wait', '--for=condition=Ready', 'pod/writer', '--timeout=120s']);
    await this.exec(`require('node:fs').mkdirSync('${MOUNT}${this.directory}', { mode: 0o755 })`);
    for (const [file, content] of Object.entries(files)) {
      const path = `${MOUNT}${this.directory}/${file}`;
      const write = `const fs = require('node:fs'); fs.writeFileSync('${path}', Buffer.from(fs.readFileSync(0, 'utf8'), 'base64'))`;
      await this.exec(write, content.toString('base64'));
    }
  }

  private async exec(program: string, input: string = ''): Promise<void> {
    const command = ['exec', '--stdin', 'writer', '--', 'node', '--eval', program];
    await kubectl(['--namespace', this.name, ...command], input);
  }

  private writer(): Manifest {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'writer' },
      spec: {
        nodeName: this.node,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'writer',
            image: IMAGE,
            imagePullPolicy: 'IfNotPresent',
            args: ['sleep', '--seconds', '86400'],
            securityContext: { runAsUser: 0, runAsGroup: 0 },
            volumeMounts: [{ name: 'node', mountPath: `${MOUNT}/var/tmp` }],
          },
        ],
        volumes: [{ name: 'node', hostPath: { path: '/var/tmp' } }],
      },
    };
  }

  private persistentVolume(labels: Record<string, string>): Manifest {
    const key = 'kubernetes.io/hostname';
    const here = { matchExpressions: [{ key, operator: 'In', values: [labels[key] ?? this.node] }] };
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: this.name },
      spec: {
        capacity: { storage: '64Mi' },
        accessModes: ['ReadOnlyMany'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: '',
        hostPath: { path: this.directory },
        nodeAffinity: { required: { nodeSelectorTerms: [here] } },
      },
    };
  }

  private claim(name: string): Manifest {
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: {
        accessModes: ['ReadOnlyMany'],
        storageClassName: '',
        volumeName: this.name,
        resources: { requests: { storage: '64Mi' } },
      },
    };
  }
}
