import type { RequestHeaders } from './prediction';

/** Where a request stands in a distributed trace: the headers of the W3C trace context, as they came. */
export interface TraceContext {
  readonly traceparent: string;

  /** What vendors add. Absent = nothing, or nothing valid. */
  readonly tracestate?: string;
}

const NOTHING = /^0+$/;

/** Version, trace, parent and flags; later versions than 00 may add parts. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

const MAX_MEMBERS = 32;
const MEMBER =
  /^([a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=([ -+\--<>-~]{0,255}[!-+\--<>-~])$/;

/**
 * Reads the trace context of a request. What is invalid is ignored, as the specification wants it.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export function readTraceContext(headers: RequestHeaders): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string') {
    return undefined;
  }
  const [, version, trace, parent, more] = TRACEPARENT.exec(traceparent) ?? [];
  const isValid =
    version !== undefined &&
    version !== 'ff' &&
    !(version === '00' && more !== undefined) &&
    !NOTHING.test(trace) &&
    !NOTHING.test(parent);
  if (!isValid) {
    return undefined;
  }
  return typeof tracestate === 'string' && isState(tracestate) ? { traceparent, tracestate } : { traceparent };
}

function isState(tracestate: string): boolean {
  const members = tracestate
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const keys = members.map((member) => MEMBER.exec(member)?.[1]);
  return (
    members.length > 0 &&
    members.length <= MAX_MEMBERS &&
    !keys.includes(undefined) &&
    new Set(keys).size === keys.length
  );
}
