import { setImmediate as turn } from 'node:timers/promises';
import type { UnusableModel } from '../config';
import type { ModelConfig, ServingConfig } from '../contract';
import { ModelError, ModelRegistry, type ModelVersion } from '../model';
import {
  errorMessage,
  type Logger,
  type ModelMeters,
  type Protocol,
  type RequestMeter,
  StageMetrics,
} from '../telemetry';
import type { Tracing } from '../tracing';
import { endpointsOf } from './endpoints';
import type { PredictContext } from './http/exchange';
import { InferenceChains } from './inference-chain';
import { LeavingModels, WRITE_MILLIS } from './leaving-models';
import type { ServingLimits } from './limits';
import type { ProvidedModel, ProviderHost } from './provided-model';
import { type ServedModel, serveModel } from './served-model';

export type { ServedModel } from './served-model';

/** Most versions of one model that are served at a time. */
const MOST_VERSIONS = 8;

/** A model of the configuration, and what is measured of it. */
interface DeclaredModel {
  readonly config: ModelConfig;
  readonly meters: ModelMeters;
}

/** What is no model of the configuration is measured by this digest until it is known what it answers with. */
const NOTHING_YET = { sha256: '', format: '' };

/** Options of {@link ServedModels}. */
export interface ServedModelsOptions {
  readonly config: ServingConfig;
  readonly unusable: readonly UnusableModel[];
  readonly provided: readonly ProvidedModel[];
  readonly limits: ServingLimits;
  readonly context: PredictContext;

  /** Makes the spans of requests; undefined = there are none. */
  readonly tracing?: Tracing;
}

/** Loads the models of a configuration and keeps what answers for them. */
export class ServedModels {
  readonly registry = new ModelRegistry();
  private readonly served = new Map<ModelVersion, ServedModel>();
  private readonly declared = new Map<ModelVersion, DeclaredModel>();
  private readonly provided = new Map<ModelVersion, ModelMeters>();
  private readonly logger: Logger;
  private readonly chains: InferenceChains;

  private readonly leaving: LeavingModels;
  private lastChange: Promise<void> = Promise.resolve();
  private onChange: () => void = () => undefined;
  private stopped = false;

  constructor(private readonly options: ServedModelsOptions) {
    this.logger = options.context.logger;
    this.leaving = new LeavingModels(this.logger, (change) => this.inTurn(change));
    this.chains = new InferenceChains(new StageMetrics(options.context.metrics.registry), options.tracing);
    for (const model of options.config.models) {
      const meters = options.context.metrics.forModel(model);
      this.declared.set(this.registry.add(model.name, model.version), { config: model, meters });
    }
    for (const { name, version } of options.provided) {
      const meters = options.context.metrics.forModel({ name, version, ...NOTHING_YET });
      this.provided.set(this.registry.add(name, version), meters);
    }
    for (const { name, version, reason } of options.unusable) {
      this.registry.add(name, version).setUnavailable(reason);
    }
  }

  /** What answers for a model, when it is ready. */
  get(version: ModelVersion): ServedModel | undefined {
    return this.served.get(version);
  }

  /** How a model is declared; undefined when it is not part of the configuration. */
  config(version: ModelVersion): ModelConfig | undefined {
    return this.declared.get(version)?.config;
  }

  /** What is measured of a model, ready or not; undefined when it is not part of the configuration. */
  meters(version: ModelVersion): ModelMeters | undefined {
    return this.declared.get(version)?.meters ?? this.provided.get(version);
  }

  /** Counts the requests of a model, ready or not; undefined when it is not part of the configuration. */
  requestMeter(version: ModelVersion, protocol: Protocol): RequestMeter | undefined {
    return this.meters(version)?.requests[protocol];
  }

  /**
   * Loads all models, one after the other.
   *
   * @param onFailure `exit`: the first failure ends the loading; `report`: the model is listed with its reason
   * @param onLoaded called after each model, and whenever another one is served or one no longer is
   * @throws ModelError with `exit`
   */
  async load(onFailure: 'exit' | 'report', onLoaded: () => void): Promise<void> {
    this.onChange = onLoaded;
    for (const model of this.options.provided) {
      this.startProvided(model);
    }
    // Models that answer for others first, so that a wrong fallback is the fault of the model that declares it.
    const order = [...this.declared].sort(([, a], [, b]) => fallbackRank(a.config) - fallbackRank(b.config));
    for (const [version, declared] of order) {
      if (this.stopped) {
        return;
      }
      try {
        await this.loadOne(declared, version);
      } catch (error) {
        version.setUnavailable(error instanceof ModelError ? error.reason : 'the model cannot be loaded');
        if (onFailure === 'exit') {
          throw error;
        }
        this.logger.error(
          { model: version.name, version: version.version, reason: errorMessage(error) },
          'model not loaded',
        );
      }
      onLoaded();
      // Opening a model blocks the event loop; health checks get their turn between two of them.
      await turn();
    }
  }

  /**
   * Loads a version while the process serves. When it is served already, the new one is loaded beside the old one, and
   * takes its place once it is warm; the old one finishes what it has taken. Clients see no gap, and when the new one
   * cannot be loaded, the old one goes on.
   *
   * @throws ModelError when it cannot be loaded, or the model has too many versions
   */
  loadVersion(config: ModelConfig): Promise<void> {
    return this.inTurn(async () => {
      const { name } = config;
      const known = this.registry.versions(name).find(({ version }) => version === config.version);
      const served = this.registry.versions(name).filter((version) => this.served.has(version));
      if (this.stopped) {
        throw new ModelError('the server is shutting down.', config.path);
      }
      if (served.length >= MOST_VERSIONS && (known === undefined || !served.includes(known))) {
        throw new ModelError(
          `${MOST_VERSIONS} versions of the model are served already; unload one of them first.`,
          config.path,
        );
      }
      const version = known ?? this.registry.add(name, config.version, false);
      const before = this.declared.get(version);
      const meters = before?.meters ?? this.options.context.metrics.forModel(config);
      const old = this.served.get(version);
      this.declared.set(version, { config, meters });
      version.setLoading();
      try {
        await this.loadOne({ config, meters }, version);
      } catch (error) {
        version.setUnavailable(error instanceof ModelError ? error.reason : 'the model cannot be loaded');
        if (before !== undefined) {
          this.declared.set(version, before);
        }
        throw error;
      }
      this.onChange();
      if (old !== undefined) {
        // Requests whose bodies are still being received are meant for the old one.
        await turn();
        this.leaving.add(old);
      }
    });
  }

  /**
   * Stops serving a version: it gets no new requests, and what it has taken is answered before this resolves.
   *
   * @param followed whether other versions answer for it: then it still answers requests that are on their way to it, whose
   * bodies are being received, and is freed some time after this resolves
   * @returns whether it was served
   */
  unloadVersion(name: string, version: string, followed = false): Promise<boolean> {
    return this.inTurn(async () => {
      const found = this.registry.versions(name).find((candidate) => candidate.version === version);
      const served = found && this.served.get(found);
      if (found === undefined || served === undefined) {
        return false;
      }
      this.served.delete(found);
      found.setUnloading();
      this.onChange();
      this.declared.get(found)?.meters.remove();
      this.declared.delete(found);
      const unloaded = () => found.setUnloaded();
      if (followed) {
        this.leaving.add(served, unloaded);
      } else {
        await served.free(WRITE_MILLIS).finally(unloaded);
      }
      return true;
    });
  }

  /** Resolves when no request waits for any model. */
  async idle(): Promise<void> {
    const answering = [...this.served.values(), ...this.leaving.all, ...this.options.provided];
    await Promise.all(answering.map((model) => model.idle()));
  }

  /** Loads no further models. */
  stopLoading(): void {
    this.stopped = true;
  }

  /**
   * Frees the models, and writes what their stages still have to write. No request may be waiting.
   *
   * @param withinMillis longest time for writing
   */
  async close(withinMillis: number): Promise<void> {
    await this.lastChange;
    const served = [...this.served.values(), ...this.leaving.all];
    this.leaving.clear();
    await Promise.all(served.map((model) => model.free(withinMillis)));
    for (const model of this.options.provided) {
      model.close();
    }
    this.served.clear();
  }

  private async loadOne({ config, meters }: DeclaredModel, version: ModelVersion): Promise<void> {
    const { context, limits, config: process } = this.options;
    const served = await serveModel({
      version,
      config,
      meters,
      limits,
      context,
      chains: this.chains,
      logger: this.logger.child({ model: config.name, version: config.version }),
      requestTimeoutMillis: process.server.requestTimeoutMillis,
    });
    this.served.set(version, served);
    meters.setInfo(config);
    meters.setReady(true);
    version.setReady(served.model);
  }

  /** Leads requests to a model that is provided, as soon as it has something to answer with. */
  private startProvided(model: ProvidedModel): void {
    const { context, limits, config, tracing } = this.options;
    const version = this.registry.find(model.name, model.version);
    const meters = version && this.provided.get(version);
    if (version === undefined || meters === undefined) {
      return;
    }
    const host: ProviderHost = {
      logger: this.logger.child({ model: model.name, version: model.version }),
      meters,
      registry: context.metrics.registry,
      serve: ({ signature, inference, platform, properties }) => {
        const endpoints = endpointsOf({
          model,
          signature,
          inference: tracing?.around(inference, model) ?? inference,
          meters,
          limits,
          context,
          timeLimitMillis: config.server.requestTimeoutMillis,
        });
        const idle = () => model.idle();
        this.served.set(version, { ...endpoints, version, signature, platform, properties, idle, free: idle });
        meters.setReady(true);
        version.setReady(undefined);
        this.onChange();
      },
      unavailable: (reason) => version.setUnavailable(reason),
      idle: (reason) => {
        this.served.delete(version);
        meters.setReady(false);
        version.setIdle(reason);
        this.onChange();
      },
    };
    model.start(host);
  }

  /** One after the other: loading takes memory and processor time. */
  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.lastChange.then(change);
    this.lastChange = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}

function fallbackRank({ fallback }: ModelConfig): number {
  return fallback?.model === undefined ? 0 : 1;
}
