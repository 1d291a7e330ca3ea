import type { IncomingMessage } from 'node:http';
import { badRequest, RETRY_AFTER, RequestError, shown } from '../../protocol';
import { errorCode } from '../../telemetry';
import { inflateBody } from './compression';
import { freeMemory } from './free-memory';

const ACCEPTED = { 'Accept-Encoding': 'gzip, deflate' } as const;

/** What happens with a body. */
export interface BodyReceiver {
  /** The whole body, decompressed. It is the receiver's own. */
  received(body: Buffer): void;

  /** The body cannot be accepted. */
  refused(error: RequestError): void;
}

/** Bounds of {@link BodyReader}. */
export interface BodyLimits {
  /** Largest body, in bytes, before and after decompression. */
  readonly bodyBytes: number;

  /** Most bytes of bodies that are being received, over all connections. */
  readonly receivingBytes: number;
}

/** Receives the bodies of requests, within limits of size for each and for all together. */
export class BodyReader {
  private receiving = 0;

  constructor(private readonly limits: BodyLimits) {}

  /**
   * Receives a body. When the connection ends before the body does, nothing happens.
   *
   * @param receiver called once
   */
  read(request: IncomingMessage, receiver: BodyReceiver): void {
    const { headers } = request;
    const encoding = headers['content-encoding'];
    const decode = encoding === undefined ? receiver : this.decoder(encoding, receiver);
    if (decode === undefined) {
      receiver.refused(unknownEncoding(encoding));
      return;
    }
    const announced = headers['content-length'];
    const length = announced === undefined ? undefined : Number(announced);
    if (length !== undefined && length > this.limits.bodyBytes) {
      receiver.refused(this.tooLarge());
      return;
    }
    this.collect(request, length, decode);
  }

  /** Small bodies arrive in one piece, with which this is done; only longer ones are collected. */
  private collect(request: IncomingMessage, length: number | undefined, receiver: BodyReceiver): void {
    let pieces: Buffer[] | undefined;
    let size = 0;
    let done = false;
    const finish = (body: Buffer) => {
      done = true;
      receiver.received(body);
    };
    const release = () => {
      this.receiving -= size;
      size = 0;
    };
    const refuse = (error: RequestError) => {
      done = true;
      pieces = [];
      release();
      receiver.refused(error);
    };
    request.on('data', (piece: Buffer) => {
      if (done) {
        return;
      }
      if (pieces === undefined && piece.length === length) {
        finish(piece);
        return;
      }
      if (pieces === undefined) {
        pieces = [];
        request.once('close', release);
      }
      pieces.push(piece);
      size += piece.length;
      this.receiving += piece.length;
      if (size > this.limits.bodyBytes) {
        refuse(this.tooLarge());
      } else if (this.receiving > this.limits.receivingBytes) {
        refuse(new RequestError(429, 'The server is receiving too many large bodies; try again later.', RETRY_AFTER));
      }
    });
    request.on('end', () => {
      if (!done) {
        finish(joined(pieces ?? [], size));
      }
    });
  }

  /** A receiver that decompresses; undefined when the encoding is unknown. */
  private decoder(encoding: string, receiver: BodyReceiver): BodyReceiver | undefined {
    const name = encoding.trim().toLowerCase();
    if (name === '' || name === 'identity') {
      return receiver;
    }
    const isGzip = name === 'gzip' || name === 'x-gzip';
    if (!isGzip && name !== 'deflate') {
      return undefined;
    }
    return {
      refused: (error) => receiver.refused(error),
      received: (body) => {
        inflateBody(body, isGzip ? 'gzip' : 'deflate', this.limits.bodyBytes).then(
          (decompressed) => receiver.received(decompressed),
          (error: unknown) =>
            receiver.refused(
              errorCode(error) === 'ERR_BUFFER_TOO_LARGE'
                ? this.tooLarge()
                : badRequest(
                    `The body is not ${isGzip ? 'gzip' : 'deflate'} data alone, from its first byte to its last.`,
                  ),
            ),
        );
      },
    };
  }

  private tooLarge(): RequestError {
    return new RequestError(
      413,
      `The body is larger than the limit of ${this.limits.bodyBytes} bytes (server.maxBodyBytes).`,
    );
  }
}

function joined(pieces: readonly Buffer[], size: number): Buffer {
  const body = Buffer.concat(pieces, size);
  freeMemory(pieces);
  return body;
}

function unknownEncoding(encoding: string | undefined): RequestError {
  return new RequestError(
    415,
    `The content encoding ${shown(encoding)} is unknown; send gzip, deflate or an uncompressed body.`,
    ACCEPTED,
  );
}
