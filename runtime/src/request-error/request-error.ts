/** A request that is answered with an error. The message goes to the client: it holds no value of the request's data. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  /**
   * @param status HTTP status code
   * @param message what is wrong, where, the rule and the fix
   * @param headers headers of the answer
   */
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The request cannot be understood, or does not fit the model. */
export function badRequest(message: string): RequestError {
  return new RequestError(400, message);
}

const MAX_SHOWN = 80;

/** A name or a keyword of a request as it is shown in a message: quoted, and cut when it is long. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : kindOf(value);
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return typeof value === 'string' ? `'${cut}'` : cut;
}

/** What a value is, without the value: features are personal data, and messages end up in logs. */
export function kindOf(value: unknown): string {
  if (value === undefined) {
    return 'nothing';
  }
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return `a list of ${counted(value.length, 'element')}`;
  }
  const type = typeof value;
  if (type === 'number' || type === 'bigint') {
    return Number.isSafeInteger(value) || type === 'bigint' ? 'an integer' : 'a number';
  }
  return type === 'object' ? 'an object' : type === 'boolean' ? 'a boolean' : `a ${type}`;
}

/** A number of things in words, for example `1 element` and `2 elements`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
