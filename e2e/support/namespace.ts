import { randomBytes } from 'node:crypto';
import { type KubectlResult, kubectl, tryKubectl } from './kubectl';
import type { Manifest } from './manifests';
import { RUN_LABEL, runName } from './run';

/** A namespace of one test file. It enforces Pod Security `restricted`, and the API server warns of what would break it. */
export class Namespace {
  /** Creates a namespace with a new name. */
  static async create(purpose: string): Promise<Namespace> {
    const name = `e2e-${purpose}-${randomBytes(3).toString('hex')}`;
    const levels = ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']);
    const labels = Object.fromEntries([...levels, [RUN_LABEL, runName()]]);
    await kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
    );
    return new Namespace(name);
  }

  private constructor(readonly name: string) {}

  /** Runs kubectl in the namespace. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return kubectl(['--namespace', this.name, ...args], input);
  }

  /** Runs kubectl in the namespace, whatever it ends with. */
  tryKubectl(args: readonly string[], input?: string): Promise<KubectlResult> {
    return tryKubectl(['--namespace', this.name, ...args], input);
  }

  /** Applies objects. A warning of the API server is a failure. */
  apply(objects: readonly Manifest[], ...options: string[]): Promise<string> {
    return this.kubectl(['apply', '--warnings-as-errors', ...options, '-f', '-'], listOf(objects));
  }

  /** Differences between objects and the cluster; empty when there are none. */
  async diff(objects: readonly Manifest[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(['diff', '-f', '-'], listOf(objects));
    // 1 = there are differences.
    if (code > 1) {
      throw new Error(`kubectl diff ended with ${code}: ${stderr}`);
    }
    return stdout;
  }

  /** Objects of a kind. */
  async list(kind: string, selector: string = ''): Promise<Manifest[]> {
    return JSON.parse(await this.kubectl(['get', kind, '--selector', selector, '--output', 'json'])).items;
  }

  /** One object. */
  async get(kind: string, name: string): Promise<Manifest> {
    return JSON.parse(await this.kubectl(['get', kind, name, '--output', 'json']));
  }

  /** The pods of a Deployment of an online model that are not about to end. */
  async pods(deployment: string): Promise<Manifest[]> {
    const pods = await this.list('pods', `app.kubernetes.io/instance=${deployment}`);
    return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Waits until a Deployment has rolled out. When it does not, the error says what its pods are waiting for. */
  async rolledOut(deployment: string, timeoutSeconds: number = 180): Promise<void> {
    const { code, stderr } = await this.tryKubectl([
      'rollout',
      'status',
      `deployment/${deployment}`,
      `--timeout=${timeoutSeconds}s`,
    ]);
    if (code !== 0) {
      throw new Error(`${deployment} did not roll out: ${stderr}\n${await this.describe()}`);
    }
  }

  /** What there is to see when something does not happen. */
  async describe(): Promise<string> {
    const pods = await this.tryKubectl(['get', 'pods', '--output', 'wide']);
    const events = await this.tryKubectl(['get', 'events', '--sort-by', '.lastTimestamp']);
    return `${pods.stdout}\n${events.stdout}`;
  }

  /**
   * Lets the namespace go with all that is in it, while the next file is tested: the end of the run waits for it. Set
   * `E2E_KEEP` to look at what is left.
   */
  async delete(): Promise<void> {
    if (process.env.E2E_KEEP === undefined) {
      await kubectl(['delete', 'namespace', this.name, '--wait=false']);
    }
  }
}

function listOf(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
