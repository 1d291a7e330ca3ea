/** What is promised of the predictions of an event when processes and brokers fail. */
export class Delivery {
  /**
   * Every event has its prediction, or is a dead letter; after a failure some have it twice, with the same event id. Between two
   * streams of one Redis not even that: predictions and acknowledgements are one transaction there.
   */
  public static atLeastOnce(): Delivery {
    return new Delivery('at-least-once');
  }

  /**
   * Every event has its prediction once, for readers with `isolation.level=read_committed`: predictions, dead letters and the
   * position in the source are one transaction of Kafka. All of them are in the same cluster, of brokers 4.0 or newer. Pods are
   * those of a StatefulSet, because each has a transactional id of its own.
   */
  public static exactlyOnce(): Delivery {
    return new Delivery('exactly-once');
  }

  /** @internal */
  public readonly _guarantee: 'at-least-once' | 'exactly-once';

  private constructor(guarantee: 'at-least-once' | 'exactly-once') {
    this._guarantee = guarantee;
  }
}
