import type { Json } from '../../kubernetes';

/** What routes depend on, besides the models. */
export interface RouteSettings {
  /** Whether the gateway asks for API keys, and for tokens. */
  readonly apiKeys: boolean;
  readonly jwt: boolean;

  /** Whether a filter asks what a sender may do. */
  readonly asksAccess: boolean;

  /** Whether requests are counted. */
  readonly countsRequests: boolean;

  /** Origins of browsers. Empty = none. */
  readonly origins: string[];
}

/** Number that a rollout changes in the routes. */
export type KnobKind = 'stableWeights' | 'candidateWeights' | 'mirrors' | 'comparisons' | 'pins';

/** Where such a number stands. */
export interface Knob {
  readonly rollout: string;
  readonly kind: KnobKind;
  /** Keys from the route to the number. */
  readonly path: (string | number)[];
}

/** A route, and the numbers in it that change. */
export interface Route {
  readonly route: Json;
  readonly knobs: Knob[];
}

/** A route without numbers that change. */
export function plain(route: Json): Route {
  return { route, knobs: [] };
}

/** An answer of the gateway itself. The text becomes the `error` of a JSON object. */
export function refusal(match: Json, text: string): Route {
  return plain({ match, direct_response: { status: 404, body: { inline_string: text } } });
}
