import { type RunMeter, ServingMetrics } from '../../runtime/src/telemetry';

/** Counts the runs of a model that belongs to no predictor. */
export function runMeter(): RunMeter {
  return new ServingMetrics().forModel({ name: 'm', version: '1', sha256: '', format: 'onnx' }).runs;
}
