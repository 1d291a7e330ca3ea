export {
  type FilePredictionLogOptions,
  type HttpPredictionLogOptions,
  PredictionLog,
  type PredictionLogOptions,
  renderPredictionLog,
} from './prediction-log';
export { checkPredictionLog } from './prediction-log-rules';
