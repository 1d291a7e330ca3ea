/** With each delivery an event is tried with so many times fewer others. */
const SHRINK = 4;

/**
 * With how many others an event is tried again. One of them may be what ended the process that had it; so groups are smaller with
 * each delivery, and the last try is alone: an event is counted out for its own fault, not for that of its neighbours.
 *
 * @param deliveries how often it was delivered, with this time; from 1
 * @param maxRows events of a micro-batch
 */
export function retrySize(deliveries: number, maxDeliveries: number, maxRows: number): number {
  return deliveries >= maxDeliveries ? 1 : Math.max(1, Math.floor(maxRows / SHRINK ** (deliveries - 1)));
}
