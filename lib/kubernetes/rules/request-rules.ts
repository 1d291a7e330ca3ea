import type { RuleTable } from './rule';

/** Batches, limits and answers: MS1411 to MS1499. */
export const REQUEST_RULES = {
  batchSize: {
    code: 'MS1411',
    title: 'Batch sizes',
    statement:
      'The largest batch has 1 to 65536 rows; preferred batch sizes are at least one, whole, and none above the largest.',
    why: 'A size that no batch can have would never be taken, and requests would wait for it in vain.',
    severity: 'error',
    subject: 'program',
  },
  batchDelay: {
    code: 'MS1412',
    title: 'Wait for a batch',
    statement: 'The longest wait for a batch is at most a minute, and shorter than the latency budget.',
    why: 'A request that waits for others as long as its budget is never answered in time.',
    severity: 'error',
    subject: 'program',
  },
  fixedBatch: {
    code: 'MS1413',
    title: 'Models with a fixed first dimension',
    statement: 'Batching.dynamic is for models whose inputs have an open first dimension.',
    why: 'Where the file fixes the number of rows, requests cannot share a run, and what was declared would have no effect.',
    severity: 'error',
    subject: 'program',
  },
  servingLimits: {
    code: 'MS1414',
    title: 'Limits',
    statement:
      'Limits are whole numbers: headers from 1 KiB to 1 MiB, 1 to 1000000 connections, a depth of 4 to 256, at least 1 element, 1 to 1000000 waiting requests, answers from 1 KiB to a quarter of the memory limit.',
    why: 'A smaller limit refuses every request, a larger one limits nothing.',
    severity: 'error',
    subject: 'program',
  },
  cacheSize: {
    code: 'MS1415',
    title: 'Size of a cache',
    statement: 'A cache holds at least 1 KiB.',
    why: 'A smaller one holds not even one answer.',
    severity: 'error',
    subject: 'program',
  },
  corsOrigin: {
    code: 'MS1416',
    title: 'Origins of browsers',
    statement:
      "An origin is scheme, host and port alone, as in https://app.example.com, or '*'; there is at least one.",
    why: 'Browsers compare the text character by character; with a path or a trailing slash it equals no origin.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
