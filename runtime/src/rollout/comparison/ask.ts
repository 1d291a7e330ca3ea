import type { Answer } from './compare-answers';
import type { MirroredRequest } from './comparison';

const ANSWER_MILLIS = 10_000;
const HEADER_LENGTH = 'inference-header-content-length';

/** Sends a mirrored request to a version. */
export async function ask(base: string, request: MirroredRequest, signal: AbortSignal): Promise<Answer> {
  const { method, path, headers, body } = request;
  const start = performance.now();
  const response = await fetch(`${base.replace(/\/+$/, '')}${path}`, {
    method,
    headers,
    body: new Uint8Array(body),
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MILLIS)]),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = response.headers.get(HEADER_LENGTH);
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    body: bytes,
    millis: performance.now() - start,
    ...(length === null ? {} : { headerLength: Number(length) }),
  };
}
