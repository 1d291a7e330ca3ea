import type { FeatureLookupConfig } from '../../contract';
import { millisOf } from '../../kubernetes';
import type { TensorMetadata } from '../../model';
import type { PodAdditions } from '../pod-additions';
import { renderRedisServer } from '../redis-server';
import type { RedisLookupOptions } from './redis-lookup-options';

const MAX_TIMEOUT_MILLIS = 50;
const SHARE_OF_BUDGET = 4;

/** Where the values of some inputs of a model come from, so that clients need not send them. */
export class FeatureLookup {
  /**
   * Redis, or a server that speaks its protocol: one hash an entity, one field a feature, values as text.
   *
   * @param options address, entity and features
   */
  public static redis(options: RedisLookupOptions): FeatureLookup {
    return new FeatureLookup(options);
  }

  /** @internal */
  public readonly _options: RedisLookupOptions;

  private constructor(options: RedisLookupOptions) {
    this._options = options;
  }
}

/** Longest time that a request waits for the store, in whole milliseconds. */
function lookupTimeoutMillis({ _options: { timeout } }: FeatureLookup, budgetMillis: number): number {
  return timeout === undefined
    ? Math.max(1, Math.min(MAX_TIMEOUT_MILLIS, Math.floor(budgetMillis / SHARE_OF_BUDGET)))
    : Math.ceil(millisOf(timeout));
}

/** Key of an entity's hash in the store. */
export function keyTemplate({ entity, key = `${entity}:{entity}` }: RedisLookupOptions): string {
  return key;
}

/** Input, and column of it, that a feature fills. */
export function targetOf(feature: string, { inputs, columns }: RedisLookupOptions): { input: string; column?: number } {
  return { input: own(inputs, feature) ?? feature, column: own(columns, feature) };
}

/** What clients send instead of the inputs of a model: without what is looked up, and with the entity. */
export function sentInputs(inputs: TensorMetadata[], { _options: options }: FeatureLookup): TensorMetadata[] {
  const targets = options.features.map((feature) => targetOf(feature, options));
  const rows = inputs.find(({ name }) => targets.some(({ input }) => input === name))?.shape[0] ?? -1;
  const sent = inputs.flatMap((input) => {
    const looked = targets.filter((target) => target.input === input.name);
    const [size = -1, width = 0] = input.shape;
    if (looked.length === 0) {
      return [input];
    }
    const rest = width - looked.length;
    return looked.some(({ column }) => column === undefined) || rest <= 0 ? [] : [{ ...input, shape: [size, rest] }];
  });
  return sent.some(({ name }) => name === options.entity)
    ? sent
    : [...sent, { name: options.entity, datatype: 'BYTES', shape: [rows, 1] }];
}

/** Default of a feature, where it has one. */
export function defaultOf(feature: string, { defaults }: RedisLookupOptions): number | string | boolean | undefined {
  return own(defaults, feature);
}

/** A feature may have the name of anything that every object has. */
function own<T>(values: { [feature: string]: T } | undefined, feature: string): T | undefined {
  return values !== undefined && Object.hasOwn(values, feature) ? values[feature] : undefined;
}

/** A lookup as the runtime reads it, and what it adds to the pod. */
export function renderFeatureLookup(
  lookup: FeatureLookup,
  budgetMillis: number,
): { config: FeatureLookupConfig; additions: PodAdditions } {
  const { _options: options } = lookup;
  const { maxAge } = options;
  const server = renderRedisServer('feature-store', options);
  return {
    config: {
      type: 'redis',
      ...server.config,
      entity: options.entity,
      key: keyTemplate(options),
      features: options.features.map((name) => ({
        name,
        ...targetOf(name, options),
        defaultValue: defaultOf(name, options),
      })),
      timeoutMillis: lookupTimeoutMillis(lookup, budgetMillis),
      timestampField: options.timestampField,
      maxAgeMillis: maxAge === undefined ? undefined : Math.ceil(millisOf(maxAge)),
    },
    additions: server.additions,
  };
}
