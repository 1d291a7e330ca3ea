import type { RuleTable } from './rule';

/** Batch jobs, and lookups of what they computed: MS2300 to MS2399. */
export const BATCH_RULES = {
  tableAddress: {
    code: 'MS2301',
    title: 'Address of a table',
    statement:
      'Input, outputs and ledger have an address s3://bucket/key, gs://bucket/object, https://account.blob.core.windows.net/container/blob or pvc://claim/path, without user name and query; an input may also be one file of a web server, https://host/path.',
    why: 'The address decides which client reads or writes; a web server takes no files, and credentials in an address end up in manifests and logs.',
    severity: 'error',
    subject: 'program',
  },
  tablePattern: {
    code: 'MS2302',
    title: 'Patterns in addresses',
    statement:
      "The address of an input has no special characters but '*', '**', {date} and {hour}, and of a web server none; those of outputs and of the ledger have none at all.",
    why: 'Other patterns would be looked for as they are written, and found nowhere; a web server lists no files.',
    severity: 'error',
    subject: 'program',
  },
  tableDate: {
    code: 'MS2303',
    title: 'Date of the run',
    statement:
      'An input with {date} or {hour} belongs to a job with a schedule, or with a run that is one: 2026-11-22, 2026-11-22T05.',
    why: 'The date is that of the run, never that of the clock, so that a run that is repeated reads the same rows.',
    severity: 'error',
    subject: 'program',
  },
  tableOverlap: {
    code: 'MS2304',
    title: 'Input apart from the output',
    statement: 'No file of an output or of the ledger matches the address of the input, or lies where the input does.',
    why: 'The next run would read the predictions of the last one as its rows.',
    severity: 'error',
    subject: 'program',
  },
  outputs: {
    code: 'MS2305',
    title: 'Outputs',
    statement: 'A batch job has at least one output, and no two of them at the same address or of the same table.',
    why: 'Without one nothing is kept, and two at one place would replace each other.',
    severity: 'error',
    subject: 'program',
  },
  ledger: {
    code: 'MS2306',
    title: 'Ledger of a job without files',
    statement: 'A batch job whose outputs are Redis alone has a ledger.',
    why: 'Plan and checkpoints need a store in which an object is created only once; Redis may forget them.',
    severity: 'error',
    subject: 'program',
  },
  csvForm: {
    code: 'MS2307',
    title: 'Form of CSV',
    statement:
      'The delimiter of CSV is one character that is neither a quote nor the end of a line, and names of columns are at least one, none empty and none twice.',
    why: 'Other files cannot be told apart from broken ones.',
    severity: 'error',
    subject: 'program',
  },
  featureColumns: {
    code: 'MS2311',
    title: 'Columns of the inputs',
    statement:
      'Every input of the model has columns, no name that is no input has any, and an input has as many as it takes elements a row, none empty and none twice.',
    why: 'The model could not be run, which would be found out after every pod has been started.',
    severity: 'error',
    subject: 'program',
  },
  predictionNames: {
    code: 'MS2312',
    title: 'Names of predictions',
    statement:
      'Columns of predictions are at least one, each with a name of its own, which is neither empty nor that of a column that is copied.',
    why: 'A table has each column once.',
    severity: 'error',
    subject: 'program',
  },
  predictionOutput: {
    code: 'MS2313',
    title: 'Predictions are of outputs of the model',
    statement:
      'A column of predictions is of an output of the model, its element is below the number of elements a row, its k from 1 to that number, its classes are as many as they; the largest elements are of numbers.',
    why: 'There would be nothing to write.',
    severity: 'error',
    subject: 'program',
  },
  passThrough: {
    code: 'MS2314',
    title: 'Columns that are copied',
    statement: 'Columns that are copied have names, each once.',
    why: 'A table has each column once.',
    severity: 'error',
    subject: 'program',
  },
  sinkColumns: {
    code: 'MS2315',
    title: 'Columns of a table in Redis',
    statement:
      'The key of a table in Redis is a column that is copied, and the columns that it keeps are of predictions or copied.',
    why: 'Only what the output of the job has can be written.',
    severity: 'error',
    subject: 'program',
  },
  predictionTable: {
    code: 'MS2316',
    title: 'Name of a table in Redis',
    statement: "The name of a table has 1 to 63 letters, digits, '.', '_' or '-'.",
    why: 'It is the start of the keys, which other programs may read by their parts.',
    severity: 'error',
    subject: 'program',
  },
  schedule: {
    code: 'MS2321',
    title: 'Schedule',
    statement:
      'A schedule has five fields (minute 0 to 59, hour 0 to 23, day 1 to 31, month 1 to 12 or JAN to DEC, weekday 0 to 6 or SUN to SAT), and there is a day that it names.',
    why: 'The API server refuses the CronJob, or it never runs.',
    severity: 'error',
    subject: 'program',
  },
  timeZone: {
    code: 'MS2322',
    title: 'Time zone',
    statement: 'A time zone is a name of the IANA database, in its own spelling.',
    why: 'The CronJob controller finds time zones by their exact names; another one stops the schedule.',
    severity: 'error',
    subject: 'program',
  },
  runId: {
    code: 'MS2323',
    title: 'Identity of a run',
    statement:
      "A run has 1 to 63 letters, digits, '.', '_' or '-', and starts and ends with a letter or a digit; a job with a schedule declares none.",
    why: 'It is part of the names of objects. With a schedule every run would be the first one, which is complete.',
    severity: 'error',
    subject: 'program',
  },
  jobTimes: {
    code: 'MS2324',
    title: 'Times of a job',
    statement:
      'The deadline of a job is shorter than the time between two runs of its schedule, and the starting deadline at least 10 seconds.',
    why: 'A run that takes longer keeps the next one from starting; and the controller looks every 10 seconds, so that with less no run ever starts.',
    severity: 'error',
    subject: 'program',
  },
  predictionAge: {
    code: 'MS2325',
    title: 'Predictions last until the next run',
    statement:
      'The time to live of predictions in Redis is longer than the shortest time between two runs of the schedule.',
    why: 'Otherwise they are gone before the next ones are there, and lookups find nothing.',
    severity: 'error',
    subject: 'program',
  },
  jobRetention: {
    code: 'MS2326',
    title: 'Finished jobs',
    statement:
      'A job without a schedule has ttlAfterFinished; startingDeadline, successfulJobsRetained and failedJobsRetained are for one with a schedule, and the numbers are whole, from 0 to 1000.',
    why: 'A CronJob removes its own jobs, and of two that remove them one would be ignored.',
    severity: 'error',
    subject: 'program',
  },
  shards: {
    code: 'MS2331',
    title: 'Shards',
    statement:
      'A job has 1 to 10000 shards, computes at least 1 and at most all of them at the same time, and tries each again 0 to 100 times; at most all of them may fail.',
    why: 'The API server refuses other numbers, or the job never ends.',
    severity: 'error',
    subject: 'program',
  },
  jobRows: {
    code: 'MS2332',
    title: 'Rows at a time',
    statement: 'A run of the model has 1 to 1000000 rows, and a part 1 to 1000000000.',
    why: 'With none nothing is ever computed, and with more a batch does not fit into memory.',
    severity: 'error',
    subject: 'program',
  },
  errorRatio: {
    code: 'MS2333',
    title: 'Share of errors',
    statement: 'The largest share of errors is from 0 to 1.',
    why: 'It is a ratio, not a percentage.',
    severity: 'error',
    subject: 'program',
  },
  queueName: {
    code: 'MS2334',
    title: 'Name of a queue',
    statement: "A queue has 1 to 63 lower-case letters, digits or '-', and starts and ends with a letter or a digit.",
    why: 'It is the name of a LocalQueue, and the value of a label.',
    severity: 'error',
    subject: 'program',
  },
  lookupTable: {
    code: 'MS2341',
    title: 'Table of a lookup',
    statement:
      'A lookup belongs to a job that writes to Redis; where that has several tables, the lookup names one of them.',
    why: 'What is not in Redis cannot be looked up in milliseconds.',
    severity: 'error',
    subject: 'program',
  },
  lookupDefault: {
    code: 'MS2342',
    title: 'Default of a lookup',
    statement: 'A default prediction has a value for every column that the table keeps, and for no other.',
    why: 'Clients read the answer as one of the table.',
    severity: 'error',
    subject: 'program',
  },
  lookupTimeout: {
    code: 'MS2343',
    title: 'Time for a lookup',
    statement: 'The timeout of a lookup is shorter than the latency budget.',
    why: 'After a wait that takes the whole budget there is no time for an answer.',
    severity: 'error',
    subject: 'program',
  },
  lookupAge: {
    code: 'MS2344',
    title: 'Age of predictions',
    statement: 'The largest age of a run is longer than the time between two runs of the schedule.',
    why: 'Otherwise every run is reported as too old before the next one can be there.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
