import type { ModelSourceConfig, ServingConfig } from '../contract';
import type { Logger } from '../telemetry';
import { FetchError } from './error';
import { fetchModel } from './fetch-model';
import type { Origin } from './origin';
import { DEFAULT_RETRY, type RetryPolicy } from './retry';

export { checkingAgents, checkLiteral } from './addresses';
export { AttemptClock, type AttemptLimits } from './attempt-clock';
export { requiredCredential } from './credentials';
export { FetchError } from './error';
export { guarded } from './hashed-file';
export { Inbox } from './inbox';
export { rangeTotal, statusFault, strongEtag } from './origin';
export { DEFAULT_RETRY, delayBefore, type RetryPolicy } from './retry';
export { faultOf as webFault, get, send, type WebOptions } from './web';

/** Clients and credentials of stores, loaded when they are used: they are large. */
export const storeAccess = {
  s3: () => require('./s3-client') as typeof import('./s3-client'),
  gcs: () => require('./gcs-access') as typeof import('./gcs-access'),
  azure: () => require('./azure-access') as typeof import('./azure-access'),
};

/** Options of {@link fetchModels}. */
export interface FetchOptions {
  readonly logger: Logger;

  /** @default - five attempts within about half a minute */
  readonly retry?: RetryPolicy;

  /**
   * Ends the work early; the promise is then rejected with the signal's reason, and no partial file is left.
   *
   * @default - nothing ends it
   */
  readonly signal?: AbortSignal;
}

/**
 * Downloads every model that has a source to its path, one after the other, and verifies it. A file that is there
 * already and has the right digest stays.
 *
 * @throws FetchError with exit code 43 when what is declared is wrong (digest, address, credentials, harmful archive),
 *   with 1 when the network, the server or the disk failed
 */
export async function fetchModels(config: Pick<ServingConfig, 'models'>, options: FetchOptions): Promise<void> {
  const { logger, retry = DEFAULT_RETRY, signal = new AbortController().signal } = options;
  for (const model of config.models) {
    if (model.source === undefined) {
      logger.info(
        { model: model.name, version: model.version, path: model.path },
        'model is mounted; nothing to download',
      );
    } else {
      await fetchModel(model, model.source, { logger, retry, signal, connect });
    }
  }
}

/** Each client is loaded only when it is used: they are large. */
async function connect(source: ModelSourceConfig): Promise<Origin> {
  switch (source.type) {
    case 's3': {
      const { s3Origin } = require('./s3-origin') as typeof import('./s3-origin');
      return s3Origin(source);
    }
    case 'gcs': {
      const { gcsOrigin } = require('./gcs-origin') as typeof import('./gcs-origin');
      return gcsOrigin(source);
    }
    case 'azure-blob': {
      const { azureBlobOrigin } = require('./azure-origin') as typeof import('./azure-origin');
      return azureBlobOrigin(source);
    }
    case 'https': {
      const { httpsOrigin } = require('./https-origin') as typeof import('./https-origin');
      return httpsOrigin(source);
    }
    default:
      throw FetchError.declaration(`Models cannot be downloaded from the source type ${source.type}.`);
  }
}
