import type { RuleTable } from './rule';

/** Feature lookup, fallback, prediction log and traces: MS1800 to MS1899. */
export const DEPENDENCY_RULES = {
  featureStoreAddress: {
    code: 'MS1801',
    title: 'Address of a Redis server',
    statement:
      'A Redis server (of features, of predictions) has the address host:port, and is never link-local (169.254.0.0/16, fe80::/10).',
    why: 'The runtime connects to that address and no other; link-local addresses belong to the metadata service of the cloud.',
    severity: 'error',
    subject: 'program',
  },
  featureStoreTls: {
    code: 'MS1802',
    title: 'Redis server outside the cluster',
    statement: 'A Redis server that is neither a Service nor at a private address is asked over TLS.',
    why: 'Otherwise the password, the keys and their values can be read and changed on the way.',
    severity: 'warning',
    subject: 'program',
  },
  featureStoreLogin: {
    code: 'MS1803',
    title: 'Login to a Redis server',
    statement: 'A user name goes with a password, and the database is a whole number from 0 to 65535.',
    why: 'Redis refuses a user without a password, and knows databases by number.',
    severity: 'error',
    subject: 'program',
  },
  featureKey: {
    code: 'MS1804',
    title: 'Key of an entity',
    statement: "The key of an entity holds '{entity}' once, and the entity has a name.",
    why: 'Without it all requests would get the features of the same entity.',
    severity: 'error',
    subject: 'program',
  },
  featureNames: {
    code: 'MS1805',
    title: 'Names of features',
    statement:
      'There is at least one feature, each named once; inputs, columns and defaults name features of the list alone; two features never fill the same place, and all features of one input have a column, or it has one feature.',
    why: 'What is named nowhere else is misspelt, and of two values for one place one would be lost.',
    severity: 'error',
    subject: 'program',
  },
  featureInput: {
    code: 'MS1806',
    title: 'Features fill inputs of the model',
    statement:
      'A feature fills an input of the model that takes one value a row, or a column, counted from 0, of an input with a fixed number of columns.',
    why: 'The predictor could not make the input, and would not start.',
    severity: 'error',
    subject: 'program',
  },
  featureEntity: {
    code: 'MS1807',
    title: 'The entity is sent',
    statement:
      'The entity is no input that is looked up; where the model has an input of its name, that takes one text or whole number a row.',
    why: 'Requests send the entity, one key a row. What is looked up by it cannot be what it is looked up by.',
    severity: 'error',
    subject: 'program',
  },
  featureDefault: {
    code: 'MS1808',
    title: 'Defaults of features',
    statement:
      "The default of a feature has the type of its input: a number in its range, a text or a boolean; 'NaN', 'Infinity' and '-Infinity' stand for what is not finite.",
    why: 'The default becomes the value of the input; the model could not take it.',
    severity: 'error',
    subject: 'program',
  },
  featureTimeout: {
    code: 'MS1809',
    title: 'Time for the feature store',
    statement: 'The timeout of the feature store is shorter than the latency budget.',
    why: 'After a lookup that takes the whole budget there is no time for the model, so no default could ever help.',
    severity: 'error',
    subject: 'program',
  },
  featureAge: {
    code: 'MS1810',
    title: 'Age of features',
    statement: 'A largest age goes with the field that holds the time, and that field is no feature.',
    why: 'Only a field with the time of the last change tells how old the values are.',
    severity: 'error',
    subject: 'program',
  },
  fallbackPrediction: {
    code: 'MS1821',
    title: 'Prediction in place of the model',
    statement:
      'A fallback prediction has a value for every output of the model, of the shape of one row, and of its type.',
    why: 'Clients read the answer as one of the model; another shape would be a fault of its own, at the worst time.',
    severity: 'error',
    subject: 'program',
  },
  fallbackModel: {
    code: 'MS1822',
    title: 'Model in place of the model',
    statement:
      'A fallback model has another name or version, takes no input that clients do not send, and has the same outputs in the same order.',
    why: 'It answers the same requests, in the same form, when features are missing as well.',
    severity: 'error',
    subject: 'program',
  },
  logSampling: {
    code: 'MS1831',
    title: 'Share of recorded predictions',
    statement: 'The share of recorded predictions is above 0 and at most 1.',
    why: 'It is a ratio, not a percentage; for none leave the prediction log out.',
    severity: 'error',
    subject: 'program',
  },
  logRedaction: {
    code: 'MS1832',
    title: 'Redacted fields',
    statement: 'What a prediction log redacts is an input or an output of the model, or the entity of its features.',
    why: 'A misspelt name redacts nothing, and the values that were to be hidden are written.',
    severity: 'error',
    subject: 'program',
  },
  logLimits: {
    code: 'MS1833',
    title: 'Limits of the prediction log',
    statement: 'From 1 to 1000000 events wait to be written, and a file has at least 1 KiB.',
    why: 'A smaller limit drops every event.',
    severity: 'error',
    subject: 'program',
  },
  logAddress: {
    code: 'MS1834',
    title: 'Address of the prediction log',
    statement:
      'A prediction log has an https:// address, or http:// inside the cluster, without user name and fragment, and never link-local.',
    why: 'Events hold what clients sent; without encryption they can be read on the way, and credentials in an address end up in manifests.',
    severity: 'error',
    subject: 'program',
  },
  tracingAddress: {
    code: 'MS1841',
    title: 'Address of the traces',
    statement:
      'A collector of traces has an https:// address, or http:// inside the cluster, without user name and fragment, and never link-local.',
    why: 'Credentials in an address end up in manifests, and what is sent without encryption can be read on the way.',
    severity: 'error',
    subject: 'program',
  },
  tracingSampling: {
    code: 'MS1842',
    title: 'Share of recorded traces',
    statement: 'The share of recorded traces is from 0 to 1.',
    why: 'It is a ratio, not a percentage.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
