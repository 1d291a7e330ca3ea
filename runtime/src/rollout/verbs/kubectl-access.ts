import { setTimeout as wait } from 'node:timers/promises';
import type { ConfigMapObject } from '../../kubernetes-api';
import { type Follower, type LeaseObject, NoRolloutError, ROLLOUT_LABEL, type RolloutAccess } from './access';
import { Kubectl, KubectlError, type KubectlOptions } from './kubectl';
import { localUser } from './local-user';

/** The name is for the record: it holds nothing up. */
const USER_TIMEOUT_MILLIS = 5000;

const FIRST_DELAY_MILLIS = 500;
const MAX_DELAY_MILLIS = 10_000;

/** Rollouts by the kubectl of a person. */
export class KubectlAccess implements RolloutAccess {
  readonly place: string;
  private readonly kubectl: Kubectl;

  constructor(options: KubectlOptions) {
    const { context, namespace } = options;
    const where = context === undefined ? 'the current context of kubectl' : `the context ${context}`;
    this.place = namespace === undefined ? `the namespace of ${where}` : `the namespace ${namespace} of ${where}`;
    this.kubectl = new Kubectl(options);
  }

  async user(): Promise<string> {
    try {
      const path = '--output=jsonpath={.status.userInfo.username}';
      return (await this.kubectl.run(['auth', 'whoami', path], USER_TIMEOUT_MILLIS)).trim() || localUser();
    } catch {
      return localUser(); // a cluster or a kubectl without that question
    }
  }

  async list(): Promise<readonly ConfigMapObject[]> {
    const { key, value } = ROLLOUT_LABEL;
    const text = await this.kubectl.run(['get', 'configmaps', `--selector=${key}=${value}`, '--output=json']);
    return (parse(text) as { readonly items?: readonly ConfigMapObject[] }).items ?? [];
  }

  async read(name: string): Promise<ConfigMapObject> {
    return parse(await this.found(name, ['get', 'configmap', name, '--output=json'])) as ConfigMapObject;
  }

  async readLease(name: string): Promise<LeaseObject | undefined> {
    try {
      return parse(await this.kubectl.run(['get', 'lease', name, '--output=json'])) as LeaseObject;
    } catch {
      return undefined; // a picture without it is better than none
    }
  }

  async annotate(name: string, key: string, value: string): Promise<void> {
    const patch = JSON.stringify({ metadata: { annotations: { [key]: value } } });
    await this.found(name, ['patch', 'configmap', name, '--type=merge', `--patch=${patch}`, '--output=name']);
  }

  async follow(name: string, { signal, onObject, onState }: Follower): Promise<void> {
    let wasConnected = false;
    let delay = FIRST_DELAY_MILLIS;
    const onLine = (line: string) => {
      const { type, object } = parse(line) as { readonly type: string; readonly object: ConfigMapObject };
      wasConnected = true;
      delay = FIRST_DELAY_MILLIS;
      onState(true);
      onObject(type === 'DELETED' ? undefined : object);
    };
    const args = ['get', 'configmap', name, '--watch', '--output-watch-events', '--output=json'];
    while (!signal.aborted) {
      try {
        // The API ends every watch after some minutes.
        await this.kubectl.follow(args, signal, onLine);
      } catch (error) {
        if (!(error instanceof KubectlError) || error.isFinal || !wasConnected) {
          throw error instanceof KubectlError && error.isNotFound ? new NoRolloutError(name, this.place) : error;
        }
        onState(false, error);
      }
      await wait(delay, undefined, { signal }).catch(() => undefined);
      delay = Math.min(delay * 2, MAX_DELAY_MILLIS);
    }
  }

  private async found(name: string, args: readonly string[]): Promise<string> {
    try {
      return await this.kubectl.run(args);
    } catch (error) {
      throw error instanceof KubectlError && error.isNotFound ? new NoRolloutError(name, this.place) : error;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`kubectl wrote something that is not JSON: ${text.slice(0, 200)}`);
  }
}
