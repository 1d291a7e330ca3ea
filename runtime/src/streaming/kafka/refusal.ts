import { errorMessage } from '../../telemetry';
import type { RecordRefusal } from '../event';
import { codeOf, KAFKA_CODES } from './library';

/** Faults of one record: it is refused however often it is written. */
const REFUSALS: ReadonlySet<number> = new Set([
  KAFKA_CODES.tooLarge,
  KAFKA_CODES.recordListTooLarge,
  KAFKA_CODES.invalidRecord,
  KAFKA_CODES.invalidTimestamp,
]);

/** Whether the record itself is at fault, or one that was in the same request. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(codeOf(error));
}

/** Why a record is not written. */
export function refusalOf(error: unknown): RecordRefusal {
  return { errorClass: 'encode', reason: `Kafka refuses the record: ${errorMessage(error)}.` };
}
