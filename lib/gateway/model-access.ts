import { quote, RULES, type Violation, violation } from '../kubernetes';

/** One way to be allowed. */
export type AccessWay =
  | { readonly kind: 'clients'; readonly names: string[] }
  | { readonly kind: 'claim'; readonly name: string; readonly values: string[] }
  | { readonly kind: 'scope'; readonly scope: string };

/** Who may send requests to a model behind a gateway; others are answered with 403. */
export class ModelAccess {
  /**
   * Clients with an API key.
   *
   * @param names names of the clients: the keys of the Secret with the hashes
   */
  public static clients(names: string[]): ModelAccess {
    return new ModelAccess([{ kind: 'clients', names }]);
  }

  /**
   * Whoever has a token with a claim: a text, or a list of them, one of which is enough.
   *
   * @param name name of the claim, for example `groups`
   * @param values values of which the claim has one
   */
  public static claim(name: string, values: string[]): ModelAccess {
    return new ModelAccess([{ kind: 'claim', name, values }]);
  }

  /**
   * Whoever has a token with a scope (RFC 8693), which is one of the words of the claim `scope`.
   *
   * @param scope one scope, for example `predict`
   */
  public static scope(scope: string): ModelAccess {
    return new ModelAccess([{ kind: 'scope', scope }]);
  }

  /**
   * Several ways; one of them is enough.
   *
   * @param ways the ways
   */
  public static anyOf(ways: ModelAccess[]): ModelAccess {
    return new ModelAccess(ways.flatMap(({ _ways: each }) => each));
  }

  /** @internal */
  public readonly _ways: AccessWay[];

  private constructor(ways: AccessWay[]) {
    this._ways = ways;
  }
}

/** How clients of a gateway are known. */
export interface KnownClients {
  readonly apiKeys: boolean;
  readonly jwt: boolean;
}

/**
 * Checks who may call a model.
 *
 * @param model name of the model, for messages
 * @param known how the gateway knows its clients
 */
export function checkModelAccess(model: string, { _ways: ways }: ModelAccess, known: KnownClients): Violation[] {
  const where = `access of the model ${quote(model)}`;
  return [
    ...(ways.length > 0
      ? []
      : [violation(RULES.modelAccess, `${where} names nobody.`, 'Remove it, or name a client or a claim.')]),
    ...ways
      .filter((way) => !namesSomebody(way))
      .map((way) =>
        violation(
          RULES.modelAccess,
          `${where} has ${quote(way)}.`,
          "Write for example ModelAccess.clients(['checkout']), or ModelAccess.claim('groups', ['analysts']).",
        ),
      ),
    ...ways
      .filter(({ kind }) => !(kind === 'clients' ? known.apiKeys : known.jwt))
      .map(({ kind }) =>
        violation(
          RULES.modelAccess,
          `${where} asks for ${kind === 'clients' ? 'a client with an API key' : 'a token'}, and the gateway does not.`,
          `Add authentication: Authentication.${kind === 'clients' ? 'apiKeys' : 'jwt'}(…) to the gateway.`,
        ),
      ),
  ];
}

function namesSomebody(way: AccessWay): boolean {
  switch (way.kind) {
    case 'clients':
      return way.names.length > 0 && way.names.every((name) => /^[-._a-zA-Z0-9]{1,253}$/.test(name));
    case 'claim':
      return way.name !== '' && way.values.length > 0 && way.values.every((value) => value !== '');
    case 'scope':
      return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(way.scope);
  }
}
