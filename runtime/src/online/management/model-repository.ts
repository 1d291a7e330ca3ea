import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../../config';
import type { ModelConfig } from '../../contract';
import { ModelError } from '../../model';
import { badRequest, RequestError, shown } from '../../protocol';
import { errorMessage, type Logger } from '../../telemetry';
import type { ServedModels } from '../served-models';

/** Options of {@link ModelRepository}. */
export interface ModelRepositoryOptions {
  readonly models: ServedModels;

  /** The models as they are declared now: of the configuration file, or of the folder of models. */
  readonly declaredNow: () => Promise<readonly ModelConfig[]>;

  /** Settles when the models of the start have been tried: nothing is changed before. */
  readonly started: () => Promise<void>;

  readonly logger: Logger;
}

/** Loads and unloads models while the process serves. */
export class ModelRepository {
  constructor(private readonly options: ModelRepositoryOptions) {}

  /**
   * Serves a model as it is declared now. Its new and changed versions are loaded and warmed beside those that answer, and
   * take over when they are ready; versions that are no longer declared are unloaded after that. When a version cannot be
   * loaded, what answered before goes on.
   *
   * @throws RequestError 404 when no such model is declared, 400 when it cannot be loaded
   */
  async load(name: string): Promise<void> {
    const { models, logger } = this.options;
    await this.options.started().catch(() => undefined); // its failures are reported where it is started
    const declared = (await this.declared()).filter((model) => model.name === name);
    if (declared.length === 0) {
      throw new RequestError(404, `No model with name ${shown(name)} is declared.`);
    }
    for (const config of declared) {
      if (!isDeepStrictEqual(config, this.servedConfig(config))) {
        await models.loadVersion(config).catch((error: unknown) => {
          logger.error({ model: name, version: config.version, reason: errorMessage(error) }, 'model not loaded');
          throw error instanceof ModelError
            ? badRequest(`Version ${shown(config.version)} of model ${shown(name)} is not loaded: ${error.reason}`)
            : error;
        });
      }
    }
    const kept = new Set(declared.map(({ version }) => version));
    await this.unloadVersions(name, (version) => !kept.has(version), true);
  }

  /**
   * Stops serving a model, after what it has taken is answered.
   *
   * @throws RequestError 404 when there is no such model
   */
  async unload(name: string): Promise<void> {
    if (this.options.models.registry.versions(name).length === 0) {
      throw new RequestError(404, `Model with name ${shown(name)} does not exist.`);
    }
    await this.options.started().catch(() => undefined);
    await this.unloadVersions(name, () => true, false);
  }

  private async unloadVersions(name: string, unwanted: (version: string) => boolean, followed: boolean): Promise<void> {
    const { models, logger } = this.options;
    for (const { version } of models.registry.versions(name)) {
      if (unwanted(version) && (await models.unloadVersion(name, version, followed))) {
        logger.info({ model: name, version }, 'model unloaded');
      }
    }
  }

  private servedConfig({ name, version }: ModelConfig): ModelConfig | undefined {
    const { models } = this.options;
    const found = models.registry.versions(name).find((candidate) => candidate.version === version);
    return found?.state === 'READY' ? models.config(found) : undefined;
  }

  private async declared(): Promise<readonly ModelConfig[]> {
    try {
      return await this.options.declaredNow();
    } catch (error) {
      throw error instanceof ConfigurationError ? badRequest(error.message) : error;
    }
  }
}
