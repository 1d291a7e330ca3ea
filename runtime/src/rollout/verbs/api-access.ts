import { ApiError, CONFIG_MAPS, type ConfigMapObject, type KubernetesApi, LEASES } from '../../kubernetes-api';
import { type Follower, type LeaseObject, NoRolloutError, ROLLOUT_LABEL, type RolloutAccess } from './access';
import { localUser } from './local-user';

/** Answers that another attempt does not change. */
const FINAL = [401, 403, 404, 405];

/** Rollouts by the API itself: that of `model-serving local`, or that of the cluster of this pod. */
export class ApiAccess implements RolloutAccess {
  readonly place: string;

  constructor(
    private readonly api: KubernetesApi,
    where: string,
    readonly ownName?: string,
  ) {
    this.place = `the namespace ${api.namespace}${where}`;
  }

  async user(): Promise<string> {
    return localUser();
  }

  async list(): Promise<readonly ConfigMapObject[]> {
    const { key, value } = ROLLOUT_LABEL;
    const found = await this.api.list<ConfigMapObject>(CONFIG_MAPS, { [key]: value });
    // The API of model-serving local gives all of them.
    return found.filter(({ metadata }) => metadata.labels?.[key] === value);
  }

  read(name: string): Promise<ConfigMapObject> {
    return this.found(name, this.api.get<ConfigMapObject>(CONFIG_MAPS, name));
  }

  async readLease(name: string): Promise<LeaseObject | undefined> {
    try {
      return await this.api.get<LeaseObject>(LEASES, name);
    } catch {
      return undefined; // a picture without it is better than none
    }
  }

  async annotate(name: string, key: string, value: string): Promise<void> {
    await this.found(name, this.api.merge(CONFIG_MAPS, name, { metadata: { annotations: { [key]: value } } }));
  }

  async follow(name: string, { signal, onObject, onState }: Follower): Promise<void> {
    const ending = new AbortController();
    const end = () => ending.abort();
    signal.addEventListener('abort', end);
    let failure: Error | undefined;
    let wasConnected = false;
    await this.api.watch<ConfigMapObject>(CONFIG_MAPS, name, {
      signal: signal.aborted ? signal : ending.signal,
      onObject: (object) => {
        wasConnected = true;
        onObject(object);
      },
      onState: (connected, error) => {
        if (error !== undefined && (!wasConnected || (error instanceof ApiError && FINAL.includes(error.status)))) {
          failure = error;
          end();
          return;
        }
        onState(connected, error);
      },
    });
    signal.removeEventListener('abort', end);
    if (failure !== undefined) {
      throw failure;
    }
  }

  private async found<T>(name: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw error instanceof ApiError && error.status === 404 ? new NoRolloutError(name, this.place) : error;
    }
  }
}
