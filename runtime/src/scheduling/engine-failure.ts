import { EngineError, SessionLostError } from '../model';
import { RETRY_AFTER, RequestError } from '../protocol';

/**
 * What a request is told when the engine failed for it.
 *
 * The form of the request was right, so its values, or sizes that the model leaves open, are the reason, as long as the
 * model is healthy: then it is the client's fault. Else it is ours.
 *
 * @param healthy whether the model still evaluates inputs that it could evaluate before
 */
export function failureOf(error: unknown, healthy: boolean): RequestError {
  if (error instanceof SessionLostError) {
    return error.started
      ? new RequestError(500, 'The inference engine ended in the middle of a run and is started again.')
      : new RequestError(503, 'The inference engine is being started again; try again later.', RETRY_AFTER);
  }
  if (!(error instanceof EngineError) || !healthy) {
    return new RequestError(500, 'The inference engine failed.');
  }
  const where = error.operator === undefined ? '' : `: its operator ${error.operator} failed`;
  return new RequestError(
    400,
    `The model cannot evaluate these inputs${where}. Datatypes and shapes are right, so check the values ` +
      '(for example indices and categories) and the sizes of open dimensions.',
  );
}
