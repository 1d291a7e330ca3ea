export { columnsText, type PredictionColumn, sameColumns } from './columns';
export { bucketOf, bucketsFor, TableKeys } from './keys';
export { readRow, rowText } from './row-text';
export { type PredictingModel, pointerCommand, type RunPointer, type RunRecord, readPointer } from './run-record';
export { NOTE_UNIT, READ_LIFE, SWITCH_RUN, WRITE_ROWS } from './scripts';
