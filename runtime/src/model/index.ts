export { DATATYPES, type Datatype, elementCount, type Tensor, type TensorData } from './datatype';
export { ModelError, ModelIntegrityError } from './error';
export { type VerifiedFile, verifyFile } from './integrity';
export { type LoadedModel, type LoadOptions, loadModel } from './load';
export { compareVersions, ModelRegistry, type ModelState, ModelVersion } from './registry';
export { cpuLimit, engineThreads } from './resources';
export { rowCount, sliceRows, stackRows } from './rows';
export { EngineError, type Run, type Session } from './session';
export { DYNAMIC, hasRows, type Signature, type TensorSpec } from './signature';
