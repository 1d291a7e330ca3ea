import type { ISecret } from 'cdk8s-plus-28';
import type { AuthenticationConfig } from '../../contract';
import { checkSecret, mountSecret, RULES, type Violation, violation } from '../../kubernetes';
import { mergeAdditions, type PodAdditions } from '../pod-additions';
import { checkJwt, type JwtOptions, renderJwt } from './jwt';

/**
 * Who may send requests, over REST and gRPC. Others are answered with 401. Health, metrics and the API's description stay
 * open: probes and monitors have no keys.
 */
export class Authentication {
  /**
   * API keys, in the header `x-api-key` or as `Authorization: Bearer`. Only hashes of them are kept: each key of the Secret
   * is the name of a client, its value the SHA-256 of the client's API key as 64 hexadecimal digits, one a line. Changes
   * count without a restart.
   *
   * @param secret Secret with the hashes, in the namespace of the pods
   */
  public static apiKeys(secret: ISecret): Authentication {
    return new Authentication([{ kind: 'apiKeys', secret }]);
  }

  /**
   * JSON Web Tokens (RFC 7519), as `Authorization: Bearer`: signed by the issuer, made for the audience, in their time.
   *
   * @param options issuer, audience and keys
   */
  public static jwt(options: JwtOptions): Authentication {
    return new Authentication([{ kind: 'jwt', options }]);
  }

  /**
   * Several ways; a request needs to meet one of them.
   *
   * @param ways API keys at most once, and tokens at most once
   */
  public static anyOf(ways: Authentication[]): Authentication {
    return new Authentication(ways.flatMap(({ _ways: each }) => each));
  }

  /** @internal */
  public readonly _ways: AuthenticationWay[];

  private constructor(ways: AuthenticationWay[]) {
    this._ways = ways;
  }
}

type AuthenticationWay =
  | { readonly kind: 'apiKeys'; readonly secret: ISecret }
  | { readonly kind: 'jwt'; readonly options: JwtOptions };

/** Authentication as the runtime reads it, and what it adds to the pod. */
export function renderAuthentication({ _ways: ways }: Authentication): {
  config: AuthenticationConfig;
  additions: PodAdditions;
} {
  const rendered = ways.map((way): { config: AuthenticationConfig; additions: PodAdditions } => {
    if (way.kind === 'jwt') {
      const { config, additions } = renderJwt(way.options);
      return { config: { jwt: config }, additions };
    }
    const { directory, volume, mount } = mountSecret('api-keys', way.secret);
    return { config: { apiKeys: { path: directory } }, additions: { volumes: [volume], mounts: [mount] } };
  });
  return {
    config: Object.assign({}, ...rendered.map(({ config }) => config)),
    additions: mergeAdditions(rendered.map(({ additions }) => additions)),
  };
}

/** Checks authentication as it is declared. */
export function checkAuthentication({ _ways: ways }: Authentication): Violation[] {
  const kinds = ways.map(({ kind }) => kind);
  const distinct = new Set(kinds).size === kinds.length;
  return [
    ...(kinds.length > 0 && distinct
      ? []
      : [
          violation(
            RULES.authenticationWays,
            `Authentication.anyOf has ${kinds.length === 0 ? 'no way' : kinds.join(', ')}.`,
            'Write one of Authentication.apiKeys(…) and Authentication.jwt(…), or one of each; one Secret can hold the keys of many clients.',
          ),
        ]),
    ...ways.flatMap((way) =>
      way.kind === 'jwt' ? checkJwt(way.options) : checkSecret('Authentication.apiKeys', way.secret),
    ),
  ];
}
