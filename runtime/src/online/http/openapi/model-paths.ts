import type { Signature } from '../../../model';
import { isBinaryOnly } from '../../../protocol';
import { headers, type Refusal } from './answers';
import type { Examples } from './examples';
import { exactObject, type JsonSchema, listOf, reference } from './json-schema';
import { jsonAnswer, operation } from './operation';
import { eventOf, v1Answer, v1Request } from './v1-schemas';
import { v2Answer, v2Request } from './v2-schemas';

/** A model version that is described. */
export interface DescribedModel {
  readonly name: string;
  readonly version: string;

  /** What clients send and get; undefined while it is not ready. */
  readonly signature: Signature | undefined;
  readonly examples: Examples | undefined;
}

/** Where the paths of a model version are. */
export interface ModelPlace {
  /** Tells the operations of several places apart. */
  readonly id: string;

  /** What follows the name of the model in its paths, for example `/versions/3`. */
  readonly suffix: string;

  readonly authenticated: boolean;
}

const REFUSALS: readonly Refusal[] = [404, 406, 413, 415, 500, 503, 504];
const BINARY = 'application/octet-stream';
const TIME_LIMIT = 'The header `x-request-timeout-ms` limits the time that the answer is waited for.';

/** Schemas that the paths of all models share. */
export const SHARED_MODEL_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Tensor: exactObject({
    name: { type: 'string' },
    datatype: { type: 'string' },
    shape: listOf({ type: 'integer', minimum: -1 }),
  }),
  ModelMetadata: {
    type: 'object',
    required: ['name', 'versions', 'platform', 'inputs', 'outputs'],
    properties: {
      name: { type: 'string' },
      versions: listOf({ type: 'string' }),
      platform: { type: 'string' },
      inputs: listOf(reference('schemas', 'Tensor')),
      outputs: listOf(reference('schemas', 'Tensor')),
      properties: { type: 'object', additionalProperties: { type: 'string' } },
    },
    additionalProperties: false,
  },
};

/** The schemas that the paths of a model version refer to. */
export function modelSchemas(model: DescribedModel): Record<string, JsonSchema> {
  const { name, version, signature } = model;
  return signature === undefined
    ? {}
    : {
        [nameOf('V1Request', model)]: v1Request(signature),
        [nameOf('V1Answer', model)]: v1Answer(signature),
        [nameOf('V2Request', model)]: v2Request(signature),
        [nameOf('V2Answer', model)]: v2Answer(signature, name, version),
      };
}

/** The paths of a model version at one place. */
export function modelPaths(model: DescribedModel, place: ModelPlace): Record<string, object> {
  const { name, signature } = model;
  const { id, suffix, authenticated } = place;
  const v1 = `/v1/models/${encodeURIComponent(name)}${suffix}`;
  const v2 = `/v2/models/${encodeURIComponent(name)}${suffix}`;
  const get = (kind: string, summary: string, schema: JsonSchema, refused?: JsonSchema) => ({
    get: operation(
      {
        operationId: `${kind}.${id}`,
        summary,
        tag: name,
        good: jsonAnswer(`${summary}.`, schema),
        refusals: kind === 'statistics' ? [404] : [404, 503],
        others: refused === undefined ? undefined : { 503: jsonAnswer('It is not.', refused) },
      },
      authenticated,
    ),
  });
  const ready = { name: { const: name }, ready: { const: true } };
  const notReady = { name: { const: name }, ready: { const: false }, error: { type: 'string' } };
  return {
    [v1]: get('v1-ready', 'The model is ready', exactObject(ready)),
    [v2]: get('metadata', 'Inputs and outputs of the model', reference('schemas', 'ModelMetadata')),
    [`${v2}/ready`]: get('v2-ready', 'The model is ready', exactObject(ready), exactObject(notReady)),
    [`${v2}/stats`]: get('statistics', 'What was counted of the model', reference('schemas', 'Statistics')),
    ...(signature === undefined
      ? {}
      : { [`${v1}:predict`]: { post: predict(model, place) }, [`${v2}/infer`]: { post: infer(model, place) } }),
  };
}

function predict(model: DescribedModel, { id, authenticated }: ModelPlace): object {
  const { name, examples } = model;
  const request = reference('schemas', nameOf('V1Request', model));
  const answer = reference('schemas', nameOf('V1Answer', model));
  return operation(
    {
      operationId: `predict.${id}`,
      summary: `Predict with ${name} (V1)`,
      tag: name,
      more: {
        description: `Rows (\`instances\`) or columns (\`inputs\`); CloudEvents in both modes. ${TIME_LIMIT}`,
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: request, ...exampleOf(examples?.v1) },
            'application/cloudevents+json': { schema: eventOf(request) },
          },
        },
      },
      good: {
        description: 'One prediction for each row.',
        headers: headers('Server-Timing', 'x-prediction-source', 'x-request-id'),
        content: {
          'application/json': { schema: answer },
          'application/cloudevents+json': { schema: eventOf(answer) },
        },
      },
      refusals: REFUSALS,
    },
    authenticated,
  );
}

function infer(model: DescribedModel, { id, authenticated }: ModelPlace): object {
  const { name, examples } = model;
  const request = reference('schemas', nameOf('V2Request', model));
  const answer = reference('schemas', nameOf('V2Answer', model));
  return operation(
    {
      operationId: `infer.${id}`,
      summary: `Predict with ${name} (V2, Open Inference Protocol)`,
      tag: name,
      more: {
        description:
          'The product of `shape` is the number of elements of `data`. Instead of `data` an input may have ' +
          '`parameters.binary_data_size`: its bytes follow the JSON, whose length is in the header ' +
          `\`Inference-Header-Content-Length\`; the content type is \`${BINARY}\` then. ${TIME_LIMIT}`,
        requestBody: {
          required: true,
          content: hasBinaryOnly(model)
            ? { [BINARY]: {} }
            : { 'application/json': { schema: request, ...exampleOf(examples?.v2) } },
        },
      },
      good: {
        description: 'The outputs.',
        headers: headers('Server-Timing', 'x-prediction-source', 'x-request-id', 'Inference-Header-Content-Length'),
        content: { 'application/json': { schema: answer }, [BINARY]: {} },
      },
      refusals: REFUSALS,
    },
    authenticated,
  );
}

/** Whether V2 has no JSON for an input or an output. */
function hasBinaryOnly({ signature }: DescribedModel): boolean {
  return [...(signature?.inputs ?? []), ...(signature?.outputs ?? [])].some(({ datatype }) => isBinaryOnly(datatype));
}

/** Names of models and versions consist of characters that names of schemas may have; the slash of a version is `--`. */
function nameOf(kind: string, { name, version }: DescribedModel): string {
  return `${kind}.${name}--${version}`;
}

function exampleOf(value: unknown): object {
  return value === undefined ? {} : { examples: { 'one-row': { summary: 'One row', value } } };
}
