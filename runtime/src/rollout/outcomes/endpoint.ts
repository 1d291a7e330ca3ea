import type { IncomingMessage, ServerResponse } from 'node:http';
import { ROLLOUT_OUTCOMES_PATH, type RolloutConfig } from '../../contract';
import { RequestError } from '../../request-error';
import { readOutcomes } from './read-outcomes';
import { type ReportOutcome, type Reports, reportedMetrics } from './reports';

/** Most bytes of one report. */
const MOST_BYTES = 256 * 1024;

/** Most bytes of reports that are on their way, of all together. */
const MOST_BYTES_AT_ONCE = 16 * 1024 * 1024;

const RETRY_SECONDS = 5;

/** Options of {@link reportsEndpoint}. */
export interface ReportsEndpointOptions {
  readonly config: RolloutConfig;
  readonly reports: Reports;

  /** Whether this controller decides: what another one is told would be lost. */
  readonly leads: () => boolean;
  readonly onOutcome: (outcome: ReportOutcome, count: number) => void;
}

/**
 * Takes reports of outcomes: `POST /outcomes` with JSON. A report is counted as a whole or, answered with 4xx or 503, not at all.
 *
 * @returns a listener of an HTTP server
 */
export function reportsEndpoint(
  options: ReportsEndpointOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const metrics = reportedMetrics(options.config);
  let bytesAtOnce = 0;

  async function bodyOf(request: IncomingMessage): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const piece of request as AsyncIterable<Buffer>) {
        bytes += piece.length;
        bytesAtOnce += piece.length;
        if (bytes > MOST_BYTES) {
          throw new RequestError(
            413,
            `The body is larger than ${MOST_BYTES} bytes. Send it in several reports.`,
            CLOSE,
          );
        }
        if (bytesAtOnce > MOST_BYTES_AT_ONCE) {
          throw busy('Too many reports come at once.');
        }
        pieces.push(piece);
      }
    } finally {
      bytesAtOnce -= bytes;
    }
    return Buffer.concat(pieces);
  }

  async function take(request: IncomingMessage): Promise<object> {
    checkTarget(request);
    const body = await bodyOf(request);
    const outcomes = readOutcomes(body, metrics);
    if (!options.leads()) {
      throw busy('This controller does not lead.');
    }
    const accepted = options.reports.add(outcomes);
    options.onOutcome('accepted', accepted);
    options.onOutcome('ignored', outcomes.length - accepted);
    return { accepted, ignored: outcomes.length - accepted };
  }

  return (request, response) => {
    take(request).then(
      (answer) => send(response, 202, answer),
      (error: unknown) => {
        if (error instanceof RequestError) {
          options.onOutcome('refused', 1);
          // What is left of the body is not read.
          request.resume();
          send(response, error.status, { error: error.message }, error.headers);
        } else {
          // The client has left.
          response.destroy();
        }
      },
    );
  };
}

const CLOSE = { Connection: 'close' };

function busy(why: string): RequestError {
  return new RequestError(503, `${why} Nothing of the report was counted: send it again later.`, {
    'Retry-After': String(RETRY_SECONDS),
    ...CLOSE,
  });
}

function checkTarget({ method, url = '', headers }: IncomingMessage): void {
  if (url.split('?', 1)[0] !== ROLLOUT_OUTCOMES_PATH) {
    throw new RequestError(404, `Outcomes are reported to ${ROLLOUT_OUTCOMES_PATH}.`, CLOSE);
  }
  if (method !== 'POST') {
    throw new RequestError(405, 'The method is not allowed here; allowed: POST.', { Allow: 'POST', ...CLOSE });
  }
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    throw new RequestError(415, 'The content type must be application/json.', CLOSE);
  }
}

function send(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Content-Length': length });
  response.end(text);
}
