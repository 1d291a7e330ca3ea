import type { Signature, TensorSpec } from '../../../model';
import { anyOf, exactObject, type JsonSchema, listOf } from './json-schema';
import { elementSchema, flatSchema, nestedSchema, shapeSchema } from './tensor-schema';

const PARAMETER: JsonSchema = { type: ['string', 'number', 'boolean'] };

/** The body of a V2 request for a model, in JSON alone. */
export function v2Request({ inputs, outputs }: Signature): JsonSchema {
  return {
    type: 'object',
    required: ['inputs'],
    properties: {
      id: { type: 'string', description: 'Comes back in the answer.' },
      parameters: parametersWith({
        priority: { type: 'integer', minimum: 0, description: '1 goes first, larger numbers later; 0 = not said.' },
        binary_data_output: { type: 'boolean', description: 'Answer the outputs as binary data.' },
      }),
      inputs: {
        type: 'array',
        description: 'Every input of the model once; other orders than this one are accepted too.',
        prefixItems: inputs.map(inputSchema),
        items: false,
        minItems: inputs.length,
        maxItems: inputs.length,
      },
      outputs: {
        type: 'array',
        description: 'Outputs to answer, each once, in this order; none = all.',
        items: anyOf(outputs.map(wantedSchema)),
        maxItems: outputs.length,
        // Each once, whatever its parameters are.
        allOf: outputs.map(({ name }) => ({
          contains: { required: ['name'], properties: { name: { const: name } } },
          minContains: 0,
          maxContains: 1,
        })),
      },
    },
  };
}

/** The body of a V2 answer of a model, in JSON alone. */
export function v2Answer({ outputs }: Signature, model: string, version: string): JsonSchema {
  return {
    type: 'object',
    required: ['model_name', 'model_version', 'outputs'],
    properties: {
      model_name: { const: model },
      model_version: { const: version },
      id: { type: 'string' },
      outputs: { ...(listOf(anyOf(outputs.map(outputSchema))) as object), minItems: 1, maxItems: outputs.length },
    },
    additionalProperties: false,
  };
}

function inputSchema(input: TensorSpec): JsonSchema {
  const { name, datatype, shape } = input;
  const element = elementSchema(input);
  return {
    type: 'object',
    required: ['name', 'shape', 'datatype', 'data'],
    properties: {
      name: { const: name },
      shape: shapeSchema(input),
      datatype: { const: datatype },
      data: {
        description: 'Flat in row-major order, or nested lists of exactly the shape.',
        ...(anyOf(
          shape.length < 2 ? [flatSchema(input)] : [flatSchema(input), nestedSchema(shape, element)],
        ) as object),
      },
      // Its data would be behind the JSON.
      parameters: parametersWith({ binary_data_size: false }),
    },
  };
}

function wantedSchema({ name }: TensorSpec): JsonSchema {
  return {
    type: 'object',
    required: ['name'],
    properties: {
      name: { const: name },
      parameters: parametersWith({
        binary_data: { type: 'boolean' },
        classification: false,
        shared_memory_region: false,
      }),
    },
  };
}

function outputSchema(output: TensorSpec): JsonSchema {
  const { name, datatype, shape } = output;
  return exactObject({
    name: { const: name },
    datatype: { const: datatype },
    shape: listOf({ type: 'integer', minimum: 0 }, shape.length),
    data: listOf(elementSchema(output)),
  });
}

/** Parameters: some with a meaning, others of any name are ignored. */
function parametersWith(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, additionalProperties: PARAMETER };
}
