import type { Size } from 'cdk8s';
import type { LimitsConfig } from '../../contract';
import { bytesOf, quote, RULES, readableBytes, type Violation, violation } from '../../kubernetes';

const KIBIBYTE = 1024;
const MANY = 1_000_000;

/** Waiting requests that the memory of the process itself has room for. */
const WAITING_REQUESTS = 1024;

/** Memory of a waiting request: its tensors, its connection and what belongs to it. */
const WAITING_REQUEST_BYTES = 16 * KIBIBYTE;

/** Limits on what a client may send, and on what is kept for clients. What is above is refused, never cut. */
export interface ServingLimits {
  /**
   * Largest size of the headers of a request, 1 KiB to 1 MiB; then 431.
   *
   * @default Size.kibibytes(16)
   */
  readonly maxHeaderSize?: Size;

  /**
   * Most connections at a time, of REST and gRPC each; then 429, or the connection is closed.
   *
   * @default 8192
   */
  readonly maxConnections?: number;

  /**
   * Deepest nesting of lists and objects in a body, 4 to 256; then 400.
   *
   * @default 16
   */
  readonly maxJsonDepth?: number;

  /**
   * Most values of all inputs of a request together; then 400.
   *
   * @default - what fits into the largest body
   */
  readonly maxElements?: number;

  /**
   * Most requests that wait for the model; then 429. Requests that cannot be answered within the latency budget are
   * refused before that.
   *
   * @default - about as many as the model answers in a second, from 256 to 8192
   */
  readonly maxQueuedRequests?: number;

  /**
   * Largest answer, 1 KiB to a quarter of the memory limit; then 400, because the request asked for too much.
   *
   * @default Size.mebibytes(64)
   */
  readonly maxResponseSize?: Size;
}

/** Limits as the runtime reads them. */
export function renderLimits(limits: ServingLimits): LimitsConfig {
  const { maxHeaderSize, maxResponseSize } = limits;
  return {
    maxHeaderBytes: maxHeaderSize === undefined ? undefined : bytesOf(maxHeaderSize),
    maxConnections: limits.maxConnections,
    maxJsonDepth: limits.maxJsonDepth,
    maxElements: limits.maxElements,
    maxQueuedRequests: limits.maxQueuedRequests,
    maxResponseBytes: maxResponseSize === undefined ? undefined : bytesOf(maxResponseSize),
  };
}

/** Memory that waiting requests may hold beyond what every process has room for, in bytes. */
export function queueMemoryBytes({ maxQueuedRequests = WAITING_REQUESTS }: ServingLimits): number {
  const further = Math.max(0, maxQueuedRequests - WAITING_REQUESTS);
  return Number.isFinite(further) ? further * WAITING_REQUEST_BYTES : 0;
}

/** Checks limits as they are declared. */
export function checkLimits(limits: ServingLimits, memoryBytes: number): Violation[] {
  const { maxHeaderSize, maxResponseSize } = limits;
  return [
    ...checkSize('maxHeaderSize', maxHeaderSize, KIBIBYTE ** 2),
    ...checkNumber('maxConnections', limits.maxConnections, 1, MANY),
    ...checkNumber('maxJsonDepth', limits.maxJsonDepth, 4, 256),
    ...checkNumber('maxElements', limits.maxElements, 1, Number.MAX_SAFE_INTEGER),
    ...checkNumber('maxQueuedRequests', limits.maxQueuedRequests, 1, MANY),
    ...checkSize('maxResponseSize', maxResponseSize, memoryBytes / 4),
  ];
}

function checkSize(prop: string, size: Size | undefined, most: number): Violation[] {
  const bytes = size === undefined ? KIBIBYTE : bytesOf(size);
  return bytes >= KIBIBYTE && bytes <= most
    ? []
    : [outside(prop, readableBytes(bytes), readableBytes(KIBIBYTE), readableBytes(most))];
}

function checkNumber(prop: string, value: number | undefined, least: number, most: number): Violation[] {
  return value === undefined || (Number.isInteger(value) && value >= least && value <= most)
    ? []
    : [outside(prop, value, least, most)];
}

function outside(prop: string, value: unknown, least: unknown, most: unknown): Violation {
  return violation(
    RULES.servingLimits,
    `limits.${prop} is ${quote(value)}.`,
    `Write a value from ${least} to ${most}, or leave it out.`,
  );
}
