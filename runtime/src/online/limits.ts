import { totalmem } from 'node:os';
import type { ServerConfig } from '../contract';
import { WIRE_LIMITS, type WireLimits } from '../protocol';
import { BATCHER_LIMITS, type BatcherLimits } from '../scheduling';

/** Limits of the serving process that follow from its configuration and its container. */
export interface ServingLimits {
  /** Largest body, in bytes, before and after decompression. */
  readonly bodyBytes: number;

  /** Most bytes of bodies that are being received, over all connections. */
  readonly receivingBytes: number;

  /** Longest time for the headers of a request, and for the first request of a connection. */
  readonly headersMillis: number;

  /** Longest time for receiving a whole request. */
  readonly requestMillis: number;

  /** Longest time that a connection may stay idle between requests. */
  readonly keepAliveMillis: number;

  /** How often the times above are checked. */
  readonly checkMillis: number;

  /** Largest size of the headers of a request, in bytes. */
  readonly headerBytes: number;

  /** Most connections at a time. */
  readonly connections: number;

  /** Requests after which a connection is closed, so that clients spread over new pods. */
  readonly requestsPerConnection: number;

  /** How long clients that have not noticed a drain may still bring requests. */
  readonly lastRequestsMillis: number;

  /** What is read from a request, and written for it. */
  readonly wire: WireLimits;

  /** What waits for a model. */
  readonly batcher: BatcherLimits;
}

/** Receiving a request may take this much longer than answering it. */
const RECEIVE_GRACE_MILLIS = 5000;
const HEADERS_MILLIS = 10_000;
const HEADER_BYTES = 16 * 1024;
const CONNECTIONS = 8192;

/** A keep-alive client that is not told by an answer learns of the drain within this time, or not at all. */
const LAST_REQUESTS_MILLIS = 1000;

/** Bodies in flight may take this part of the memory. */
const RECEIVING_SHARE = 1 / 8;

/** The limits for a configuration and the memory of this container. */
export function servingLimits({
  maxBodyBytes,
  requestTimeoutMillis,
  drainTimeoutMillis,
  limits = {},
}: ServerConfig): ServingLimits {
  const requestMillis = requestTimeoutMillis + RECEIVE_GRACE_MILLIS;
  return {
    bodyBytes: maxBodyBytes,
    receivingBytes: Math.max(maxBodyBytes, Math.floor(memoryBytes() * RECEIVING_SHARE)),
    headersMillis: Math.min(HEADERS_MILLIS, requestMillis),
    requestMillis,
    // Longer than the 60 s after which load balancers give up idle connections: they must not reuse one that is closing.
    keepAliveMillis: 75_000,
    checkMillis: 1000,
    headerBytes: limits.maxHeaderBytes ?? HEADER_BYTES,
    connections: limits.maxConnections ?? CONNECTIONS,
    requestsPerConnection: 100_000,
    lastRequestsMillis: Math.min(LAST_REQUESTS_MILLIS, drainTimeoutMillis / 2),
    wire: {
      jsonDepth: limits.maxJsonDepth ?? WIRE_LIMITS.jsonDepth,
      elements: limits.maxElements ?? WIRE_LIMITS.elements,
      responseBytes: limits.maxResponseBytes ?? WIRE_LIMITS.responseBytes,
    },
    batcher: {
      ...BATCHER_LIMITS,
      queuedRequests: limits.maxQueuedRequests,
      answerBytes: limits.maxResponseBytes ?? BATCHER_LIMITS.answerBytes,
    },
  };
}

/** Memory that this process may use: its container's, else the machine's. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  const machine = totalmem();
  return limit > 0 && limit < machine ? limit : machine;
}
