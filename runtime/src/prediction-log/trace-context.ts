/** What a request says of the trace that it belongs to. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;

  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;

/** Reads a `traceparent`; undefined when it is none. Source: W3C Trace Context, https://www.w3.org/TR/trace-context/ */
export function parseTraceparent(traceparent: string | undefined): TraceContext | undefined {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  return match === null ? undefined : { traceId: match[1], spanId: match[2] };
}
