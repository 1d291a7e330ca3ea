import type { Registry } from 'prom-client';
import type { ModelReference } from '../contract';
import type { Signature } from '../model';
import type { Inference } from '../scheduling';
import type { Logger, ModelMeters } from '../telemetry';

/** What is served under the name of a model, and is no model that this process loads. */
export interface ProvidedModel extends ModelReference {
  /** Begins. It says by the host what it can answer, now and later. */
  start(host: ProviderHost): void;

  /** Resolves when it has answered what it has taken. */
  idle(): Promise<void>;

  /** Frees what it holds. No request may be waiting. */
  close(): void;
}

/** What a provided model gets of the server that it is part of. */
export interface ProviderHost {
  /** Logs with the name and version of the model. */
  readonly logger: Logger;
  readonly meters: ModelMeters;

  /** Takes metrics of its own. */
  readonly registry: Registry;

  /** Requests are answered in this way from now on; those that were read before are answered as they were to be. */
  serve(answerer: ProvidedAnswerer): void;

  /** It is not known whether there is anything to answer with: until then the process is not ready. */
  unavailable(reason: string): void;

  /** There is nothing to answer with yet; the process is ready all the same. */
  idle(reason: string): void;
}

/** How a provided model answers. */
export interface ProvidedAnswerer {
  /** What clients send and get. */
  readonly signature: Signature;
  readonly inference: Inference;

  /** What makes the predictions, as the metadata of a model names it. */
  readonly platform: string;

  /** What else is known of it, as the metadata of a model has it. */
  readonly properties: () => Readonly<Record<string, string>>;
}
