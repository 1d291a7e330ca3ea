export { defaultPredictions, type Elements, type PredictionColumn, predictionColumns } from './prediction-columns';
