import { readTraceContext } from '../../runtime/src/protocol';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${PARENT}-01`;

describe('trace context', () => {
  it.each([VALID, `00-${TRACE}-${PARENT}-00`, `01-${TRACE}-${PARENT}-ff`, `cc-${TRACE}-${PARENT}-01-what-comes`])(
    'is %s',
    (traceparent) => {
      expect(readTraceContext({ traceparent })).toEqual({ traceparent });
    },
  );

  it.each([
    '',
    'x',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-01 `,
    `01-${TRACE}-${PARENT}-01more`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `${VALID}, ${VALID}`,
  ])('is not %p', (traceparent) => {
    expect(readTraceContext({ traceparent, tracestate: 'a=1' })).toBeUndefined();
  });

  it.each([
    'a=1',
    'rojo=00f067aa0ba902b7, congo=t61rcWkgMzE',
    '1tenant@vendor=x',
    'a=1,,b=2',
    'a=with space',
    Array.from({ length: 32 }, (_, index) => `k${index}=v`).join(),
  ])('has the state %p', (tracestate) => {
    expect(readTraceContext({ traceparent: VALID, tracestate })).toEqual({ traceparent: VALID, tracestate });
  });

  it.each([
    '',
    ',',
    'a',
    'a=',
    '=1',
    'A=1',
    'a=1=2',
    'a=1,a=2',
    'a=\u0001',
    Array.from({ length: 33 }, (_, index) => `k${index}=v`).join(),
    `a=${'x'.repeat(257)}`,
  ])('has not the state %p', (tracestate) => {
    expect(readTraceContext({ traceparent: VALID, tracestate })).toEqual({ traceparent: VALID });
  });
});
