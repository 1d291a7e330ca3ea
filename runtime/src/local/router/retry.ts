import type { RouteAction } from './route-schema';
import { ConnectError } from './upstream';

/** No server of the cluster has answered: what the router answers itself. */
export class NoAnswerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const CONNECT_RETRIES = [
  'connect-failure',
  'refused-stream',
  'reset-before-request',
  'reset',
  'gateway-error',
  '5xx',
  'unavailable',
];
const RESET_RETRIES = ['reset', 'gateway-error', '5xx'];

/** Whether a route sends a request again that got no answer. */
export function retriesError(retry: RouteAction['retry_policy'], error: Error): boolean {
  const wanted = (retry?.retry_on ?? '').split(',').map((each) => each.trim());
  if (error instanceof NoAnswerError) {
    return wanted.some((each) => each === '5xx' || each === 'gateway-error');
  }
  return wanted.some((each) => (error instanceof ConnectError ? CONNECT_RETRIES : RESET_RETRIES).includes(each));
}

/** Whether a route sends a request again that was answered. */
export function retriesStatus(retry: RouteAction['retry_policy'], status: number): boolean {
  const wanted = (retry?.retry_on ?? '').split(',').map((each) => each.trim());
  return (
    (wanted.includes('5xx') && status >= 500) ||
    (wanted.includes('gateway-error') && status >= 502 && status <= 504) ||
    (wanted.includes('retriable-status-codes') && (retry?.retriable_status_codes ?? []).includes(status))
  );
}
