import type { ApiObjectMetadata, Duration, Size } from 'cdk8s';
import type { DisruptionBudget, ModelResources, NetworkPeer, Scaling } from '../kubernetes';
import type { Model, PredictionColumn } from '../model';
import type { Batching, Fallback, FeatureLookup, PodOptions, PredictionLog } from '../online';
import type { Delivery } from './delivery';
import type { EventSink } from './event-sink';
import type { EventSource } from './event-source';
import type { EventFormat, InputFields } from './format';

/** Properties of {@link StreamingConsumer}. */
export interface StreamingConsumerProps extends PodOptions {
  /** The model. */
  readonly model: Model;

  /** Where events come from. */
  readonly source: EventSource;

  /** Where predictions go. */
  readonly sink: EventSink;

  /**
   * Where events go that cannot be scored, as they came, with the reason in headers.
   *
   * @default - nowhere: the first one ends the process (exit code 42), and nothing of its micro-batch is acknowledged
   */
  readonly deadLetter?: EventSink;

  /**
   * What is promised when processes and brokers fail.
   *
   * @default Delivery.atLeastOnce()
   */
  readonly delivery?: Delivery;

  /**
   * How the values of events are written.
   *
   * @default EventFormat.json()
   */
  readonly format?: EventFormat;

  /**
   * Fields of an event that become an input of the model, by the name of the input. Inputs that are looked up (`features`) need
   * none; the entity that they are looked up by is one of the inputs here.
   *
   * @default - the field of the input's own name: one value, or a list where a row has several elements; the model's file has to be
   * known at synth
   */
  readonly inputs?: { [input: string]: InputFields };

  /**
   * How the values of predictions are written.
   *
   * @default EventFormat.json()
   */
  readonly outputFormat?: EventFormat;

  /**
   * Fields that the outputs of the model become.
   *
   * @default - a field for each output, under its name
   */
  readonly predictions?: PredictionColumn[];

  /**
   * Fields that are copied from the event: name of the field of the prediction, and field of the event (its name, or a JSON pointer
   * that starts with `/`).
   *
   * @default - none
   */
  readonly passThrough?: { [field: string]: string };

  /**
   * Field of the event that becomes the key of the prediction: its name, or a JSON pointer.
   *
   * @default - the key of the event
   */
  readonly key?: string;

  /**
   * Headers of the event that are copied.
   *
   * @default - all but those of its format and of this library
   */
  readonly headers?: string[];

  /**
   * How events share runs of the model: most rows of a micro-batch, and how long the first one waits for others.
   *
   * @default - up to 500 rows, of what is there: no event waits for others; one row where the model takes one at a time
   */
  readonly batching?: Batching;

  /**
   * Most bytes of the values of a micro-batch.
   *
   * @default Size.mebibytes(4)
   */
  readonly maxBatchBytes?: Size;

  /**
   * Most micro-batches between their fetch and their acknowledgement, 1 to 64: while one is written, the next ones are read and
   * computed. When so many are in work, nothing more is read.
   *
   * @default 4
   */
  readonly maxInFlight?: number;

  /**
   * Larger events are dead letters.
   *
   * @default Size.mebibytes(1)
   */
  readonly maxEventSize?: Size;

  /**
   * Largest share of dead letters among the last events, from 0 to 1. Beyond it the consumer stops (exit code 42), and nothing more
   * is written or acknowledged: rather a consumer that stands still than a topic that is drained into dead letters.
   *
   * @default 0.1
   */
  readonly maxDeadLetterRatio?: number;

  /**
   * How many events that are. With 1000 events and a share of 0.1, the 101st dead letter among the last 1000 stops the consumer, also
   * when fewer have come.
   *
   * @default 1000
   */
  readonly deadLetterWindow?: number;

  /**
   * Inputs of the model that are looked up in a feature store, by the key of an entity that events have instead.
   *
   * @default - events have all inputs
   */
  readonly features?: FeatureLookup;

  /**
   * What answers when the model cannot: a prediction, or another model. Such predictions say so in a header.
   *
   * @default - events that the model refuses are dead letters
   */
  readonly fallback?: Fallback;

  /**
   * Record of predictions.
   *
   * @default - none
   */
  readonly predictionLog?: PredictionLog;

  /**
   * Without one look at the source for so long the process is stuck, and is started again.
   *
   * @default Duration.minutes(1)
   */
  readonly stuckAfter?: Duration;

  /**
   * Longest time to load the model and to warm it up. A container that takes longer is started again.
   *
   * @default Duration.minutes(2)
   */
  readonly maxLoadTime?: Duration;

  /**
   * Longest time that micro-batches in work get when a pod stops, or loses partitions. What does not make it is done again by
   * another pod.
   *
   * @default Duration.seconds(30)
   */
  readonly drainTime?: Duration;

  /**
   * Number of replicas, always the same.
   *
   * @default - 2, or the number of partitions where that is known to be less
   */
  readonly replicas?: number;

  /**
   * Number of replicas, when something else decides it.
   *
   * @default - `replicas`
   */
  readonly scaling?: Scaling;

  /**
   * What each replica asks for, and at most gets.
   *
   * @default - one core, 512 MiB of memory or what model and micro-batches need, no GPU
   */
  readonly resources?: ModelResources;

  /**
   * How many replicas may be away at once when nodes are drained.
   *
   * @default DisruptionBudget.maxUnavailable(1)
   */
  readonly disruptionBudget?: DisruptionBudget;

  /**
   * Who may read the metrics.
   *
   * @default - all pods of the namespace `monitoring`
   */
  readonly monitors?: NetworkPeer[];

  /**
   * Metadata of all objects: labels and annotations are added to each; `name` names them all in place of the name that
   * is made of model and construct path; `namespace` replaces the chart's. With {@link Delivery.exactlyOnce} another name is another
   * transactional id.
   *
   * @default - name and labels made of the model and the construct path
   */
  readonly metadata?: ApiObjectMetadata;
}
