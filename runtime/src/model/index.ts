export { DATATYPES, type Datatype, elementCount, type Tensor, type TensorData } from './datatype';
export { ModelError, ModelIntegrityError } from './error';
export { verifyFile } from './integrity';
export { type LoadedModel, loadModel } from './load';
export { compareVersions, ModelRegistry, type ModelVersion } from './registry';
export { cpuLimit, engineThreads } from './resources';
export { rowCount, stackRows } from './rows';
export { EngineError, type Run } from './session';
export { DYNAMIC, hasRows, type Signature, type TensorSpec } from './signature';
