import { quote, RULES, type Violation, violation } from '../kubernetes';

const NAME = /^[a-z0-9][a-z0-9_-]{0,127}$/;

/** Headers of the protocol, of the body and of the router. */
const TAKEN =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-(length|type|encoding)|expect|x-shadow|x-envoy-.*|x-forwarded-.*|x-request-id|grpc-.*)$/;

/** Checks the name of a header that decides which version answers. */
export function checkHeaderName(what: string, name: string): Violation[] {
  return NAME.test(name) && !TAKEN.test(name)
    ? []
    : [
        violation(
          RULES.rolloutHeader,
          `${what} has the header ${quote(name)}.`,
          "Write a name of your own, such as 'x-user-id' or 'x-canary'.",
        ),
      ];
}
