import { join } from 'node:path';
import { Model, ModelSource } from 'cdk8s-model-serving';

/** The file of the iris model of the examples. */
export const IRIS_FILE = join(__dirname, '../../examples/iris/models/iris-v1.onnx');

/** A request for V1, and the address below a Service. */
export const IRIS_REQUEST = { instances: [[5.1, 3.5, 1.4, 0.2]] };
export const IRIS_PATH = '/v1/models/iris:predict';

/** The iris model, carried in the manifests unless another source is given. */
export function iris(source: ModelSource = ModelSource.file(IRIS_FILE)): Model {
  return Model.onnx({
    name: 'iris',
    version: 'v1',
    source,
  });
}
