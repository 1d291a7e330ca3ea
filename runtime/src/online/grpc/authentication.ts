import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { RequestError } from '../../protocol';
import type { Authenticator, Client } from '../../security';
import type { Logger } from '../../telemetry';
import { HEALTH_SERVICE } from './health-service';
import { INFERENCE_SERVICE } from './inference-service';
import { headersOf } from './metadata';
import { asRequestError, statusOf } from './status';

/** What everybody may ask for: nothing of it tells about the models. */
const OPEN = [
  `/${INFERENCE_SERVICE}/ServerLive`,
  `/${INFERENCE_SERVICE}/ServerReady`,
  `/${HEALTH_SERVICE}/`,
  '/grpc.reflection.',
];

const CREDENTIALS = ['x-api-key', 'authorization'];

/** Lets calls pass whose sender is known. Nothing of a call is read before but its metadata. */
export function authenticating(authenticator: Authenticator, logger: Logger): ServerInterceptor {
  return ({ path }, call) => {
    if (OPEN.some((prefix) => path.startsWith(prefix))) {
      return new ServerInterceptingCall(call);
    }
    const settle = (decided: Client | RequestError, proceed: () => void) => {
      if (decided instanceof RequestError) {
        call.sendStatus(statusOf(decided));
      } else {
        proceed();
      }
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            const proceed = () => forward(metadata);
            const decided = authenticator.authenticate(headersOf(metadata, CREDENTIALS));
            if (decided instanceof Promise) {
              decided.then(
                (late) => settle(late, proceed),
                (error: unknown) => call.sendStatus(statusOf(asRequestError(error, logger))),
              );
            } else {
              settle(decided, proceed);
            }
          },
        }),
    });
  };
}
