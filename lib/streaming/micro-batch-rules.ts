import { checkDuration, quote, RULES, readableBytes, readableMillis, type Violation, violation } from '../kubernetes';
import { checkBatchSizes } from '../online';
import type { StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';

const LARGEST_BATCH_BYTES = 1024 ** 3;
const MOST_IN_FLIGHT = 64;
const MAX_DELAY_MILLIS = 60_000;
const LEAST_STUCK_MILLIS = 10_000;

/** Checks sizes and number of micro-batches. */
export function checkMicroBatches(props: StreamingConsumerProps, settings: StreamSettings): Violation[] {
  const { batching, maxRows, maxBatchBytes, maxEventBytes, maxInFlight } = settings;
  const problems: string[] = [];
  if (batching._options.preferredBatchSizes !== undefined) {
    problems.push('batching has preferredBatchSizes.');
  }
  if (!(maxEventBytes >= 1 && maxBatchBytes >= maxEventBytes && maxBatchBytes <= LARGEST_BATCH_BYTES)) {
    problems.push(
      `maxBatchBytes is ${readableBytes(maxBatchBytes)}, and maxEventSize ${readableBytes(maxEventBytes)}.`,
    );
  }
  if (!(Number.isInteger(maxInFlight) && maxInFlight >= 1 && maxInFlight <= MOST_IN_FLIGHT)) {
    problems.push(`maxInFlight is ${quote(maxInFlight)}.`);
  }
  const declared = props.batching ?? (maxRows > 1 ? batching : undefined);
  return [
    ...(declared === undefined ? [] : checkBatchSizes(declared, props.model)),
    ...problems.map((found) =>
      violation(
        RULES.microBatchSize,
        found,
        'Write for example { batching: Batching.dynamic({ maxBatchSize: 500 }), maxBatchBytes: Size.mebibytes(4) }.',
      ),
    ),
  ];
}

/** Checks how long events and micro-batches may take. */
export function checkTimes(props: StreamingConsumerProps, settings: StreamSettings): Violation[] {
  const { maxDelayMillis, drainMillis, stuckMillis, stages } = settings;
  const found = (['drainTime', 'maxLoadTime', 'stuckAfter'] as const).flatMap((prop) =>
    checkDuration(prop, props[prop]),
  );
  const waits = Math.max(maxDelayMillis, stages.features?.timeoutMillis ?? 0);
  if (waits >= drainMillis || maxDelayMillis > MAX_DELAY_MILLIS) {
    found.push(
      violation(
        RULES.microBatchTime,
        `Events wait up to ${readableMillis(waits)}, and drainTime is ${readableMillis(drainMillis)}.`,
        'Lower the maxDelay of batching, or raise drainTime.',
      ),
    );
  }
  if (stuckMillis < LEAST_STUCK_MILLIS || stuckMillis <= maxDelayMillis) {
    found.push(
      violation(
        RULES.stuckTime,
        `stuckAfter is ${readableMillis(stuckMillis)}, and events wait up to ${readableMillis(maxDelayMillis)}.`,
        'Write Duration.minutes(1), or leave it out.',
      ),
    );
  }
  return found;
}
