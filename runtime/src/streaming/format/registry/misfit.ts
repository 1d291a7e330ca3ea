import { shownValue } from '../shown-value';

/** A value does not fit its schema. */
export class MisfitError extends Error {
  override readonly name = 'MisfitError';

  /** @param names of the fields that lead to it, from the inside out */
  constructor(
    private readonly found: unknown,
    private readonly rule: string,
    private readonly names: string[] = [],
  ) {
    super();
  }

  override get message(): string {
    return `field '${[...this.names].reverse().join('.')}' is ${shownValue(this.found)}; ${this.rule} is needed`;
  }

  /** The value is in this field. */
  in(name: string): this {
    this.names.push(name);
    return this;
  }
}

/** Does what throws {@link MisfitError} for a field. */
export function inField<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof MisfitError ? error.in(name) : error;
  }
}

/** A whole number in a range. @throws MisfitError */
export function integerIn(value: unknown, minimum: bigint, maximum: bigint, rule: string): bigint {
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  const integer = isInteger ? BigInt(value as number | bigint) : undefined;
  if (integer === undefined || integer < minimum || integer > maximum) {
    throw new MisfitError(value, rule);
  }
  return integer;
}

/** A number. @throws MisfitError */
export function numberOf(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw new MisfitError(value, 'a number');
  }
  return Number(value);
}

/** @throws MisfitError unless it holds */
export function expect(holds: boolean, value: unknown, rule: string): void {
  if (!holds) {
    throw new MisfitError(value, rule);
  }
}

/** An object. @throws MisfitError */
export function objectFrom(value: unknown): Readonly<Record<string, unknown>> {
  expect(
    typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value),
    value,
    'an object',
  );
  return value as Record<string, unknown>;
}
