export { reportsEndpoint } from './endpoint';
export { type OutcomeReading, OutcomeSource } from './outcome-source';
export { REPORT_OUTCOMES, type ReportOutcome, Reports, reportedMetrics } from './reports';
