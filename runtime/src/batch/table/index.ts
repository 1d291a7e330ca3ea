export { TableEngine, type TableEngineOptions } from './engine';
export { TableError } from './error';
export type { Score, ScoreOptions, ScoreOutput, Scorer, ScorerOptions } from './scorer';
export type { ColumnChunk, OutputFile, RowGroup, TableColumn, TableFile, TableFormat, TableSchema } from './table-file';
