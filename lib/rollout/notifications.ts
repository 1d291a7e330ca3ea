import type { NotificationConfig } from '../contract';
import { checkSecretValue, checkWebAddress, mountSecret, RULES, type Violation, webServer } from '../kubernetes';
import type { PodAdditions } from '../online';
import type { Notification } from './notification';

/** A notification as the runtime reads it, and what it adds to the pod. */
export function renderNotification(
  { _url: url, _authorization: authorization }: Notification,
  index: number,
): { config: NotificationConfig; additions: PodAdditions } {
  const secret =
    authorization && mountSecret(`notification-${index}-authorization`, authorization.secret, [authorization.key]);
  return {
    config: { url, authorizationPath: secret && authorization && `${secret.directory}/${authorization.key}` },
    additions: {
      volumes: secret === undefined ? [] : [secret.volume],
      mounts: secret === undefined ? [] : [secret.mount],
      egress: [webServer(url)],
    },
  };
}

/** Checks a notification as it is declared. */
export function checkNotification(
  { _url: url, _authorization: authorization }: Notification,
  index: number,
): Violation[] {
  const prop = `notifications[${index}]`;
  return [
    ...checkWebAddress(RULES.rolloutAddress, `${prop} (webhook)`, url, 'https://hooks.example.com/rollouts'),
    ...(authorization === undefined ? [] : checkSecretValue(`${prop}.authorization`, authorization)),
  ];
}
