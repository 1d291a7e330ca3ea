import { BFLOAT16, FIELDS } from './onnx-fields';
import { initializerName } from './value-names';
import type { WireCursor } from './wire';

/** Names of what a graph takes and gives as bfloat16. */
export interface Bfloat16Values {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
}

/**
 * Reads which inputs and outputs of a graph are declared as tensors of bfloat16. An input that has a value of its own (an
 * initializer) is none: nobody has to send it.
 */
export function bfloat16Values(graph: () => WireCursor): Bfloat16Values {
  const inputs = new Set<string>();
  const outputs = new Set<string>();
  const values = graph();
  while (values.next()) {
    if (values.field === FIELDS.graph.input) {
      addBfloat16(values.message(), inputs);
    } else if (values.field === FIELDS.graph.output) {
      addBfloat16(values.message(), outputs);
    }
  }
  const initializers = graph();
  while (inputs.size > 0 && initializers.next()) {
    inputs.delete(initializerName(initializers) ?? '');
  }
  return { inputs, outputs };
}

function addBfloat16(value: WireCursor, names: Set<string>): void {
  let name = '';
  let elementType = 0;
  while (value.next()) {
    if (value.field === FIELDS.valueInfo.name) {
      name = value.text();
    } else if (value.field === FIELDS.valueInfo.type) {
      elementType = elementTypeOf(value.message());
    }
  }
  if (elementType === BFLOAT16 && name !== '') {
    names.add(name);
  }
}

/** Element type of a tensor; 0 when it is none. */
function elementTypeOf(type: WireCursor): number {
  let elementType = 0;
  while (type.next()) {
    if (type.field === FIELDS.type.tensor) {
      const tensor = type.message();
      while (tensor.next()) {
        if (tensor.field === FIELDS.tensorType.elementType) {
          elementType = tensor.number;
        }
      }
    }
  }
  return elementType;
}
