import type { Registry } from 'prom-client';
import type { ServerConfig } from '../contract';
import { Authenticator, FILES_POLL_MILLIS, TlsFiles } from '../security';
import type { Logger } from '../telemetry';

/** Who may send requests to the serving ports, and how: the same for REST and gRPC. */
export interface ServingAccess {
  /** Undefined = everybody may. */
  readonly authenticator: Authenticator | undefined;

  /** Undefined = plain TCP. */
  readonly tls: TlsFiles | undefined;

  /** Looks at files and addresses no more. */
  close(): void;
}

/**
 * Reads the files that decide on access.
 *
 * @throws ConfigurationError when they cannot be used
 */
export async function openAccess(
  config: Pick<ServerConfig, 'authentication' | 'tls'>,
  logger: Logger,
  registry: Registry,
): Promise<ServingAccess> {
  const filesPollMillis = FILES_POLL_MILLIS;
  const tls = config.tls && (await TlsFiles.open(config.tls, logger, filesPollMillis));
  try {
    const { authentication } = config;
    const options = { logger, registry, filesPollMillis };
    const authenticator = authentication && (await Authenticator.open(authentication, options));
    return {
      authenticator,
      tls,
      close: () => {
        authenticator?.close();
        tls?.close();
      },
    };
  } catch (error) {
    tls?.close();
    throw error;
  }
}
