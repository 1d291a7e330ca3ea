import * as z from 'zod';
import { fetchText } from '../http';

/** One value of an instant vector. */
export interface VectorValue {
  /** With `__name__`, where it has one. */
  readonly labels: Readonly<Record<string, string>>;

  /** NaN and infinities are values, too. */
  readonly value: number;
}

/** Options of {@link queryPrometheus}. */
export interface PrometheusRequest {
  /** Address of the server. */
  readonly url: string;
  readonly timeoutMillis: number;
  readonly signal: AbortSignal;
}

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/**
 * Asks a Prometheus for an instant vector. One query sees whole scrapes: values of two queries may be of different ones.
 *
 * @throws Error when there is no answer, or another one
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 */
export async function queryPrometheus(
  query: string,
  { url, timeoutMillis, signal }: PrometheusRequest,
): Promise<VectorValue[]> {
  const text = await fetchText(`${url.replace(/\/+$/, '')}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query }),
    timeoutMillis,
    signal,
  });
  const parsed = answer.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new Error('its answer is not a vector');
  }
  return parsed.data.data.result.map(({ metric: labels, value: [, value] }) => ({ labels, value: numberOf(value) }));
}

/** Prometheus writes infinities as `+Inf` and `-Inf`. */
function numberOf(text: string): number {
  return Number(text.replace(/Inf$/, 'Infinity'));
}
