import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server as HttpsServer } from 'node:https';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import type { TlsConfig } from '../contract';
import type { Logger } from '../telemetry';
import { UnusableFileError, WatchedFiles } from './watched-files';

const SETTING = 'server.tls';

/** A client that does not finish its handshake in this time is cut. */
const HANDSHAKE_MILLIS = 5000;

/** What a TLS server needs, as `node:tls` and `node:https` take it. */
export interface TlsServerOptions extends SecureContextOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly handshakeTimeout: number;
}

/** Certificate, key and client authorities of the serving ports, read again when their files change. */
export class TlsFiles {
  /**
   * Reads the files.
   *
   * @throws ConfigurationError when they cannot be used, or do not belong together
   */
  static async open(config: TlsConfig, logger: Logger, intervalMillis: number): Promise<TlsFiles> {
    const { certificatePath, keyPath, clientCaPath } = config;
    const paths = [certificatePath, keyPath, ...(clientCaPath === undefined ? [] : [clientCaPath])];
    const read = () => readOptions(config, logger);
    return new TlsFiles(await WatchedFiles.open({ setting: SETTING, paths, read, logger, intervalMillis }));
  }

  private constructor(private readonly files: WatchedFiles<TlsServerOptions>) {}

  /** The last good ones. */
  get options(): TlsServerOptions {
    return this.files.value;
  }

  /** Lets a server use new files for new connections; those that are open keep theirs. */
  keepCurrent(server: HttpsServer | Server): void {
    this.files.onChange((options) => server.setSecureContext(options));
  }

  /**
   * Makes a TLS server in front of one that takes connections as they are, for example the injector of a gRPC server.
   *
   * @param protocols names for ALPN, for example `h2`; a client that offers others alone is refused
   * @param onConnection takes a connection whose handshake is done
   */
  createServer(protocols: string[], onConnection: (connection: TLSSocket) => void): Server {
    const server = tls().createServer({ ...this.options, ALPNProtocols: protocols }, onConnection);
    // A failed handshake is the client's own: its connection is gone, and nothing is to be told.
    server.on('tlsClientError', (_error, connection) => connection.destroy());
    this.keepCurrent(server);
    return server;
  }

  /** Looks at the files no more. */
  close(): void {
    this.files.close();
  }
}

/** Loaded here, because a process without TLS should not pay for it at its start. */
function tls(): typeof import('node:tls') {
  return require('node:tls');
}

async function readOptions(config: TlsConfig, logger: Logger): Promise<TlsServerOptions> {
  const { certificatePath, keyPath, clientCaPath } = config;
  const [cert, key, ca] = await Promise.all([
    readFile(certificatePath),
    readFile(keyPath),
    clientCaPath === undefined ? undefined : readFile(clientCaPath),
  ]);
  const certificate = parsed(() => new X509Certificate(cert), 'certificatePath is a certificate in PEM');
  const privateKey = parsed(() => createPrivateKey(key), 'keyPath is a private key in PEM, without a password');
  checkPair(certificate, privateKey);
  if (ca !== undefined) {
    parsed(() => new X509Certificate(ca), 'clientCaPath is a certificate in PEM');
  }
  const options: TlsServerOptions = {
    cert,
    key,
    ca,
    minVersion: 'TLSv1.2',
    requestCert: ca !== undefined,
    rejectUnauthorized: ca !== undefined,
    handshakeTimeout: HANDSHAKE_MILLIS,
  };
  parsed(() => tls().createSecureContext(options), 'the files can be used for TLS');
  const validTo = certificate.validToDate;
  if (validTo.getTime() < Date.now()) {
    logger.warn({ setting: SETTING, validTo }, 'the certificate has expired; clients will refuse it');
  }
  return options;
}

function checkPair(certificate: X509Certificate, privateKey: KeyObject): void {
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new UnusableFileError(
      'the key belongs to the certificate',
      'Mount both files of the same Secret; the server certificate comes first in its file.',
    );
  }
}

/** The library's own messages do not say which file is meant. */
function parsed<T>(parse: () => T, rule: string): T {
  try {
    return parse();
  } catch (error) {
    throw new UnusableFileError(rule, 'Mount a Secret of the type kubernetes.io/tls, as cert-manager writes it.', {
      cause: error,
    });
  }
}
