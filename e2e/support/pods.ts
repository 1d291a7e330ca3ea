import { setTimeout as wait } from 'node:timers/promises';
import type { Manifest } from './manifests';

const POLL_MILLIS = 500;

/**
 * Asks the cluster until the answer is neither `undefined` nor `false`, and returns it.
 *
 * @param seconds longest wait
 * @throws the last error of `ask`, or one that names `what`
 */
export async function within<T>(
  seconds: number,
  what: string,
  ask: () => Promise<T | undefined | false>,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    let problem: unknown = new Error(`did not happen within ${seconds} s: ${what}`);
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) {
        return answer as Exclude<T, undefined | false>;
      }
    } catch (error) {
      problem = error;
    }
    if (performance.now() > end) {
      throw problem;
    }
    await wait(POLL_MILLIS);
  }
}

/** How a container of a pod ended, now or the last time: `{ exitCode, message, reason }`. */
export function terminationOf(pod: Manifest, container: string): Manifest | undefined {
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  const status = statuses.find(({ name }) => name === container);
  return status?.state?.terminated ?? status?.lastState?.terminated;
}

/** Status of a condition of an object: `True`, `False`, `Unknown`; `undefined` when there is none. */
export function conditionOf(object: Manifest, type: string): string | undefined {
  return object.status.conditions?.find((condition: Manifest) => condition.type === type)?.status;
}

/** How often the serving container of a pod was started again. */
export function restartsOf(pod: Manifest): number {
  return pod.status.containerStatuses?.[0]?.restartCount ?? 0;
}
