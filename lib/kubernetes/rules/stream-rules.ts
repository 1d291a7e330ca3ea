import type { RuleTable } from './rule';

/** Streaming consumers: MS2400 to MS2499. */
export const STREAM_RULES = {
  brokerAddress: {
    code: 'MS2401',
    title: 'Address of a broker',
    statement:
      'Brokers of Kafka have addresses host:port, servers of NATS nats://host:port or tls://host:port, several with commas between them, without user name and password, and never link-local (169.254.0.0/16, fe80::/10).',
    why: 'The network policy lets pods connect to those, and what is in an address ends up in manifests and logs; link-local addresses belong to the metadata service of the cloud.',
    severity: 'error',
    subject: 'program',
  },
  brokerTls: {
    code: 'MS2402',
    title: 'Broker outside the cluster',
    statement: 'A broker that is neither a Service nor at a private address is spoken to over TLS.',
    why: 'Otherwise events, and the password, can be read and changed on the way.',
    severity: 'warning',
    subject: 'program',
  },
  brokerLogin: {
    code: 'MS2403',
    title: 'Login to a broker',
    statement: 'A login has a user name, and there is one way to log in.',
    why: 'The broker refuses a login without a name, and of two ways one would be ignored.',
    severity: 'error',
    subject: 'program',
  },
  streamName: {
    code: 'MS2404',
    title: 'Name of a topic or a stream',
    statement:
      "A topic of Kafka has 1 to 249 letters, digits, '.', '_' or '-', and is neither '.' nor '..'; the key of a Redis stream is not empty; a stream of NATS has no space, '.', '*', '>', '/' or '\\', and a subject has words with dots between them, with wildcards only where it is read.",
    why: 'The broker refuses other names, and no pod would ever start.',
    severity: 'error',
    subject: 'program',
  },
  groupName: {
    code: 'MS2405',
    title: 'Name of a consumer group',
    statement:
      "A consumer group has 1 to 255 characters without spaces; a durable consumer of NATS has none of '.', '*', '>', '/' and '\\' either.",
    why: 'The group is who remembers how far events are done; the broker refuses other names.',
    severity: 'error',
    subject: 'program',
  },
  streamLoop: {
    code: 'MS2406',
    title: 'No loop',
    statement: 'Predictions go elsewhere than events come from.',
    why: 'Every prediction would be an event again, without an end.',
    severity: 'error',
    subject: 'program',
  },
  deadLetterPlace: {
    code: 'MS2407',
    title: 'Place of dead letters',
    statement: 'Dead letters go to a place of their own: neither where events come from nor where predictions go.',
    why: 'In the source they would be tried again for ever, and readers of predictions do not expect them.',
    severity: 'error',
    subject: 'program',
  },
  predictionsKept: {
    code: 'MS2408',
    title: 'Somebody gets the predictions',
    statement: 'A streaming consumer without a sink has a prediction log.',
    why: 'Otherwise events are acknowledged, and what was predicted for them is gone.',
    severity: 'error',
    subject: 'program',
  },
  eventReceiver: {
    code: 'MS2409',
    title: 'Address of a receiver of events',
    statement:
      'A receiver of events has an https:// address, or http:// inside the cluster, without user name and fragment, and never link-local.',
    why: 'Without encryption events can be read on the way, and credentials in an address end up in manifests.',
    severity: 'error',
    subject: 'program',
  },
  exactlyOnce: {
    code: 'MS2411',
    title: 'Exactly once',
    statement:
      'With Delivery.exactlyOnce() events, predictions and dead letters are in topics of the same Kafka cluster, with the same brokers named, and predictions and dead letters are written with the same login and TLS.',
    why: 'One transaction of Kafka writes all of them and the position in the source; it reaches no other server. Between two streams of one Redis, at-least-once already writes both and the acknowledgement in one transaction.',
    severity: 'error',
    subject: 'program',
  },
  memberName: {
    code: 'MS2412',
    title: 'Name of a member',
    statement:
      'Pods with static membership or transactions take the name MODEL_SERVING_POD from their metadata, and are those of a StatefulSet.',
    why: 'A transactional id, and a static member, is the name of the consumer and of its pod: it fences the process that had it before, which works only where a new pod gets the name of the old one and two never share it.',
    severity: 'error',
    subject: 'both',
  },
  groupTimes: {
    code: 'MS2413',
    title: 'Times of a group member',
    statement:
      'The session timeout is from 6 seconds to 30 minutes, and the longest time between two polls is at least that, and at least twice the drain time.',
    why: 'Brokers refuse other session timeouts; and a member that works longer than it may loses its partitions, works in vain, and gets them back to try again.',
    severity: 'error',
    subject: 'program',
  },
  microBatchTime: {
    code: 'MS2414',
    title: 'Time for a micro-batch',
    statement:
      'The drain time is longer than events wait for others, than the feature store may take, and than an attempt to send an event over HTTP.',
    why: 'A pod that has to go gets the drain time to finish what it has begun; what does not fit is done again by another one.',
    severity: 'error',
    subject: 'program',
  },
  stuckTime: {
    code: 'MS2415',
    title: 'When a consumer is stuck',
    statement:
      'A consumer is stuck after at least 10 seconds without a look at the source, and after more than events wait for others.',
    why: 'A shorter time ends pods that only wait.',
    severity: 'error',
    subject: 'program',
  },
  redelivery: {
    code: 'MS2416',
    title: 'Events in work are left alone',
    statement:
      'An event is given to another consumer only after at least the drain time, it is delivered at least once before it is a dead letter, and NATS lets as many messages be without an acknowledgement as the pod has in work.',
    why: 'Otherwise two consumers work on the same events, events become dead letters because they wait, or a micro-batch waits for messages that are held back.',
    severity: 'error',
    subject: 'program',
  },
  sinkLimits: {
    code: 'MS2417',
    title: 'Limits of a sink',
    statement:
      'Records wait at most a minute for others, a stream of Redis keeps at least one entry, and 1 to 1000 requests are under way over HTTP.',
    why: 'Other limits keep everything back, or throw away everything.',
    severity: 'error',
    subject: 'program',
  },
  replicasOfPartitions: {
    code: 'MS2421',
    title: 'Replicas and partitions',
    statement: 'There are 1 to 100000 partitions, and at most as many replicas.',
    why: 'A partition is read by one member of a group at a time: further replicas never get an event.',
    severity: 'error',
    subject: 'program',
  },
  targetLag: {
    code: 'MS2422',
    title: 'Target of a lag',
    statement: 'The target of a lag is a whole number of events, at least 1.',
    why: 'KEDA divides the lag by it.',
    severity: 'error',
    subject: 'program',
  },
  lagScaling: {
    code: 'MS2423',
    title: 'Scaling on a lag',
    statement:
      'What scales on a lag is a streaming consumer; one of NATS names the monitoring endpoint (host:port) that KEDA reads the lag from. On a lag alone the smallest number of replicas may be 0.',
    why: 'What serves requests has no lag, and KEDA cannot ask NATS itself.',
    severity: 'error',
    subject: 'program',
  },
  eventInputs: {
    code: 'MS2431',
    title: 'Fields of the inputs',
    statement:
      "Every input that is not looked up has fields in the event, no name that is no input has any, an input of several elements a row has one field with all of them or one for each, and what stands in for a missing one has the input's type; rows of tensors need none.",
    why: 'The model could not be run, which would be found out when every event is a dead letter.',
    severity: 'error',
    subject: 'program',
  },
  eventField: {
    code: 'MS2432',
    title: 'Field of an event',
    statement:
      "A field is its name, or a JSON pointer that starts with '/', in which '~' is written '~0' and '/' in a name '~1'; neither is empty.",
    why: 'Another text points nowhere.',
    severity: 'error',
    subject: 'program',
  },
  passThroughFields: {
    code: 'MS2433',
    title: 'What is copied',
    statement:
      'Fields that are copied, and headers, have names, each once; rows of tensors have no fields, so nothing is copied from them or to them, and nothing there is a key.',
    why: 'An object has each field once, and a row of tensors has numbers alone.',
    severity: 'error',
    subject: 'program',
  },
  eventFormat: {
    code: 'MS2434',
    title: 'Format of events',
    statement:
      'A schema registry has an https:// address, or http:// inside the cluster; a subject that is named is not empty, and needed where predictions do not go to Kafka; a type of CloudEvents is not empty; rows of tensors are all outputs of the model.',
    why: 'Schemas decide how events are read; nobody else says under which name the schema of predictions is.',
    severity: 'error',
    subject: 'program',
  },
  microBatchSize: {
    code: 'MS2435',
    title: 'Size of a micro-batch',
    statement:
      'A micro-batch has at most 65536 events, its bytes are at least those of the largest event, up to 1 GiB, and 1 to 64 of them are in work; preferredBatchSizes is for requests.',
    why: 'An event that does not fit could never be taken, and more does not fit into memory.',
    severity: 'error',
    subject: 'program',
  },
  deadLetterRatio: {
    code: 'MS2436',
    title: 'Share of dead letters',
    statement:
      'The largest share of dead letters is from 0 to 1, of the last 1 to 1000000 events, and is declared together with a place for dead letters.',
    why: 'It is a ratio, not a percentage; without a place the first dead letter ends the process.',
    severity: 'error',
    subject: 'program',
  },
  streamFallback: {
    code: 'MS2437',
    title: 'Fallback of a stream',
    statement: 'The fallback of a streaming consumer is a prediction or another model.',
    why: 'Answers are not kept for events: they are new, and an old answer says nothing of them.',
    severity: 'error',
    subject: 'program',
  },
  streamFeatures: {
    code: 'MS2438',
    title: 'Features of a stream',
    statement: 'Every feature that a streaming consumer looks up has a default, unless there is a fallback.',
    why: 'An event waits until it can be scored: one whose entity the store does not know would hold back all that come after it.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
