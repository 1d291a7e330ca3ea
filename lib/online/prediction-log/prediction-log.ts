import { Size } from 'cdk8s';
import type { SecretValue } from 'cdk8s-plus-28';
import { PATHS, type PredictionLogConfig } from '../../contract';
import { bytesOf, MEBIBYTE, mebibytes, mountSecret, webServer } from '../../kubernetes';
import type { PodAdditions } from '../pod-additions';

const VOLUME = 'prediction-log';
const FILE = `${PATHS.predictionLog}/predictions.jsonl`;

/** The file that is written, and the one that was set aside. */
const FILES = 2;

/** Memory of an event that waits to be written, and of all of them: the runtime drops what is above. */
const EVENT_BYTES = 16 * 1024;
const MAX_QUEUE_BYTES = 32 * MEBIBYTE;

const DEFAULT_EVENTS = 1024;

/** What every prediction log has. */
export interface PredictionLogOptions {
  /**
   * Share of the requests that are recorded, above 0 and up to 1.
   *
   * @default 1
   */
  readonly sampleRatio?: number;

  /**
   * Names of inputs and outputs whose values are left out. Their names, types and shapes are recorded.
   *
   * @default - none
   */
  readonly redact?: string[];

  /**
   * Most events that wait to be written, 1 to 1000000; further ones are dropped and counted. A prediction never waits for
   * its record.
   *
   * @default 1024
   */
  readonly maxQueuedEvents?: number;
}

/** Options of {@link PredictionLog.file}. */
export interface FilePredictionLogOptions extends PredictionLogOptions {
  /**
   * Size at which the file is set aside; it replaces the one that was set aside before.
   *
   * @default Size.mebibytes(64)
   */
  readonly maxSize?: Size;
}

/** Options of {@link PredictionLog.http}. */
export interface HttpPredictionLogOptions extends PredictionLogOptions {
  /**
   * Address that takes batches of structured CloudEvents by POST: `https://`, or `http://` inside the cluster. The network
   * policy lets the pods connect to it.
   */
  readonly url: string;

  /**
   * Value of the header `Authorization`, as a key of a Secret.
   *
   * @default - none
   */
  readonly authorization?: SecretValue;
}

/** A record of predictions, as CloudEvents: what was sent, what was answered, by which version of the model. */
export class PredictionLog {
  /**
   * One JSON event a line in `/var/log/model-serving/predictions.jsonl`, on a volume of the pod's own with the name
   * `prediction-log`. It ends with the pod: a sidecar, or an agent of the node, carries the events on.
   *
   * @param options share, redaction and size
   */
  public static file(options: FilePredictionLogOptions = {}): PredictionLog {
    return new PredictionLog('file', options, options.maxSize ?? Size.mebibytes(64));
  }

  /**
   * Batches of CloudEvents to a web server.
   *
   * @param options address, share and redaction
   */
  public static http(options: HttpPredictionLogOptions): PredictionLog {
    return new PredictionLog('http', options, undefined, options.url, options.authorization);
  }

  /** @internal */
  public readonly _kind: 'file' | 'http';

  /** @internal */
  public readonly _options: PredictionLogOptions;

  /** @internal */
  public readonly _maxSize: Size | undefined;

  /** @internal */
  public readonly _url: string | undefined;

  /** @internal */
  public readonly _authorization: SecretValue | undefined;

  private constructor(
    kind: 'file' | 'http',
    options: PredictionLogOptions,
    maxSize?: Size,
    url?: string,
    authorization?: SecretValue,
  ) {
    this._kind = kind;
    this._options = options;
    this._maxSize = maxSize;
    this._url = url;
    this._authorization = authorization;
  }
}

/** A prediction log as the runtime reads it, and what it adds to the pod. */
export function renderPredictionLog(log: PredictionLog): { config: PredictionLogConfig; additions: PodAdditions } {
  const { sampleRatio = 1, redact = [], maxQueuedEvents = DEFAULT_EVENTS } = log._options;
  const { sink, additions } = log._kind === 'file' ? renderFile(log) : renderHttp(log);
  const memoryBytes = Math.min(MAX_QUEUE_BYTES, maxQueuedEvents * EVENT_BYTES);
  return {
    config: { sampleRatio, redact, maxQueuedEvents, sink },
    additions: { ...additions, memoryBytes },
  };
}

interface RenderedSink {
  readonly sink: PredictionLogConfig['sink'];
  readonly additions: PodAdditions;
}

function renderFile({ _maxSize: maxSize = Size.mebibytes(64) }: PredictionLog): RenderedSink {
  const maxBytes = bytesOf(maxSize);
  // One event may go beyond the size before the file is set aside.
  const volumeBytes = FILES * maxBytes + MEBIBYTE;
  return {
    sink: { type: 'file', path: FILE, maxBytes },
    additions: {
      volumes: [{ name: VOLUME, emptyDir: { sizeLimit: mebibytes(volumeBytes) } }],
      mounts: [{ name: VOLUME, mountPath: PATHS.predictionLog }],
      volumeBytes,
    },
  };
}

function renderHttp({ _url: url = '', _authorization: authorization }: PredictionLog): RenderedSink {
  const secret = authorization && mountSecret(`${VOLUME}-authorization`, authorization.secret, [authorization.key]);
  return {
    sink: {
      type: 'http',
      url,
      authorizationPath: secret && authorization && `${secret.directory}/${authorization.key}`,
    },
    additions: {
      volumes: secret === undefined ? [] : [secret.volume],
      mounts: secret === undefined ? [] : [secret.mount],
      egress: [webServer(url)],
    },
  };
}
