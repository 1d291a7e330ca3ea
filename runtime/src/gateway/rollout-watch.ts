import { CONFIG_MAPS, type ConfigMapObject, type KubernetesApi, type WatchTimes } from '../kubernetes-api';
import { errorMessage, type Logger } from '../telemetry';
import type { RolloutState } from './rollout-state';

/** Not more often than this, a watch that fails is logged. */
const LOG_INTERVAL_MILLIS = 30_000;

/** What is watched, and who hears of it. */
export interface RolloutWatchOptions {
  readonly api: KubernetesApi;

  /** Name of the rollout and of its ConfigMap. */
  readonly rollout: string;

  /** Takes in what is seen. */
  readonly state: RolloutState;

  /** Called when the state has taken something in. */
  readonly onChange: () => void;

  /** Called with whether changes arrive. */
  readonly onConnected: (connected: boolean) => void;

  readonly logger: Logger;
  readonly signal: AbortSignal;

  /** @default - as `KubernetesApi.watch` has them */
  readonly times?: WatchTimes;
}

/** Follows the ConfigMap of a rollout until the signal ends it. */
export async function watchRollout(options: RolloutWatchOptions): Promise<void> {
  const { api, rollout, state, signal, times } = options;
  const logger = options.logger.child({ rollout });
  let problem: string | undefined;
  let loggedAt: number | undefined;
  await api.watch<ConfigMapObject>(CONFIG_MAPS, rollout, {
    signal,
    times,
    onObject: (object) => {
      state.onObject(object, performance.now());
      if (state.problem !== undefined && state.problem !== problem) {
        logger.error({ reason: state.problem }, 'the split of the rollout is not applied; the last good one stays');
      }
      problem = state.problem;
      options.onChange();
    },
    onState: (connected, error) => {
      options.onConnected(connected);
      if (error !== undefined && performance.now() - (loggedAt ?? Number.NEGATIVE_INFINITY) > LOG_INTERVAL_MILLIS) {
        loggedAt = performance.now();
        logger.warn(
          { reason: errorMessage(error) },
          'the ConfigMap of the rollout cannot be watched; it is tried again',
        );
      } else if (connected && loggedAt !== undefined) {
        loggedAt = undefined;
        logger.info('the ConfigMap of the rollout is watched again');
      }
    },
  });
}
