import type { JwtConfig } from '../../contract';
import type { Json } from '../../kubernetes';
import type { AccessWay, ModelAccess } from '../model-access';
import { FILTERS, HEADERS, ROUTE_METADATA, TOKEN } from './names';
import { literally, typed } from './typed';

/** Who may do what. */
export interface AccessSettings {
  /** Who may call which model; models that are not listed: everybody whom the gateway knows. */
  readonly access: { readonly [model: string]: ModelAccess };
  readonly jwt: JwtConfig | undefined;
}

/** Whether there is anything to ask. */
export function asksAccess({ access, jwt }: AccessSettings): boolean {
  return jwt !== undefined || Object.keys(access).length > 0;
}

/** The filter that refuses with 403. */
export function accessFilter({ access, jwt }: AccessSettings): Json {
  const models = Object.keys(access);
  const token = jwt === undefined ? { any: true } : acceptedAlgorithm(jwt);
  const policies = models.map((model) => [
    model,
    {
      permissions: [forModel(model)],
      principals: access[model]?._ways.map((way) => both(token, principal(way, jwt !== undefined))),
    },
  ]);
  const others = models.length === 0 ? { any: true } : { not_rule: { or_rules: { rules: models.map(forModel) } } };
  return {
    name: FILTERS.rbac,
    typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {
      rules: {
        action: 'ALLOW',
        // No model has this name.
        policies: { ...Object.fromEntries(policies), '*': { permissions: [others], principals: [token] } },
      },
    }),
  };
}

function principal(way: AccessWay, tokens: boolean): Json {
  switch (way.kind) {
    case 'clients': {
      const names = either(
        way.names.map((name) => ({ header: { name: HEADERS.client, string_match: { exact: name } } })),
      );
      // The subject of a token is no client of the Secret, whatever it is called.
      return tokens ? both(names, { not_id: tokenHas([TOKEN.payload, 'iss'], { present_match: true }) }) : names;
    }
    case 'claim':
      return either(
        way.values.flatMap((value) => {
          const exact = { string_match: { exact: value } };
          return [exact, { list_match: { one_of: exact } }].map((match) => tokenHas([TOKEN.payload, way.name], match));
        }),
      );
    case 'scope': {
      const word = { safe_regex: { regex: `(.* )?${literally(way.scope)}( .*)?` } };
      return tokenHas([TOKEN.payload, 'scope'], { string_match: word });
    }
  }
}

/** The token filter takes every algorithm that a key allows; here those are left that are declared. */
function acceptedAlgorithm({ algorithms }: JwtConfig): Json {
  const path = [TOKEN.header, 'alg'];
  const noToken = { not_id: tokenHas(path, { present_match: true }) };
  return either([noToken, ...algorithms.map((exact) => tokenHas(path, { string_match: { exact } }))]);
}

function forModel(exact: string): Json {
  const metadata_matcher = { filter: ROUTE_METADATA, path: [{ key: 'model' }], value: { string_match: { exact } } };
  return { sourced_metadata: { metadata_matcher, metadata_source: 'ROUTE' } };
}

function tokenHas(path: string[], value: Json): Json {
  const metadata_matcher = { filter: FILTERS.jwt, path: path.map((key) => ({ key })), value };
  return { sourced_metadata: { metadata_matcher } };
}

function either(ids: Json[]): Json {
  return { or_ids: { ids } };
}

function both(...ids: Json[]): Json {
  return { and_ids: { ids } };
}
