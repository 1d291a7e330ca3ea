/** A tensor as the metadata of the V2 protocol describes it. */
export interface TensorDescription {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** A model as a running server describes it. */
export interface ServedModelDescription {
  readonly name: string;
  readonly version: string;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

const TIMEOUT_MILLIS = 5000;
/** A request with more numbers than this is nothing to paste. */
const MAX_EXAMPLE_VALUES = 64;

/** Asks a server about one version of a model, over the V2 protocol. */
export async function describeModel(url: string, name: string, version: string): Promise<ServedModelDescription> {
  const path = `${url}/v2/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  const state = (await getJson(`${path}/ready`)) as { ready?: boolean; error?: string };
  if (state.ready !== true) {
    // The server's sentence begins with the name, which is known here.
    const reason = state.error?.replace(/^Model with name .* is not ready: /, '');
    return { name, version, ready: false, reason, inputs: [], outputs: [] };
  }
  const { inputs, outputs } = (await getJson(path)) as Pick<ServedModelDescription, 'inputs' | 'outputs'>;
  return { name, version, ready: true, inputs, outputs };
}

/** Asks a server for its first model, in the version that answers when none is named. */
export async function describeFirstModel(url: string): Promise<ServedModelDescription | undefined> {
  const { models = [] } = (await getJson(`${url}/v1/models`)) as { models?: string[] };
  const [name] = models;
  if (name === undefined) {
    return undefined;
  }
  const { versions = [] } = (await getJson(`${url}/v2/models/${encodeURIComponent(name)}`)) as { versions?: string[] };
  const version = versions.at(-1);
  return version === undefined ? undefined : describeModel(url, name, version);
}

/** `features FP32 [-1,4]`. */
export function tensorText({ name, datatype, shape }: TensorDescription): string {
  return `${name} ${datatype} [${shape.join(',')}]`;
}

/** A command that asks a model for a prediction, to be pasted into a shell; zeros stand for the values. */
export function exampleRequest(url: string, { name, inputs }: ServedModelDescription): string {
  const model = encodeURIComponent(name);
  const [input] = inputs;
  const size = inputs.reduce((sum, { shape }) => sum + product(oneRow(shape)), 0);
  if (
    input === undefined ||
    size > MAX_EXAMPLE_VALUES ||
    inputs.some(({ datatype }) => /^(FP16|BF16)$/.test(datatype))
  ) {
    return `curl -s ${url}/v2/models/${model}`;
  }
  const [path, body] =
    inputs.length === 1 && input.shape.length > 0
      ? [`/v1/models/${model}:predict`, { instances: nested(oneRow(input.shape), input.datatype) }]
      : [
          `/v2/models/${model}/infer`,
          {
            inputs: inputs.map(({ shape, ...rest }) => ({
              ...rest,
              shape: oneRow(shape),
              data: flat(shape, rest.datatype),
            })),
          },
        ];
  return `curl -s ${url}${path} -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(body)}'`;
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MILLIS) });
  return response.json();
}

/** A shape with one in place of every size that is free. */
function oneRow(shape: readonly number[]): number[] {
  return shape.map((size) => (size < 0 ? 1 : size));
}

function flat(shape: readonly number[], datatype: string): unknown[] {
  return Array.from({ length: product(oneRow(shape)) }, () => exampleValue(datatype));
}

function nested([size = 1, ...rest]: readonly number[], datatype: string): unknown[] {
  return Array.from({ length: size }, () => (rest.length === 0 ? exampleValue(datatype) : nested(rest, datatype)));
}

function exampleValue(datatype: string): unknown {
  return datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? false : 0;
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((result, number) => result * number, 1);
}
