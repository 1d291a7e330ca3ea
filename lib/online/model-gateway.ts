import type { IConstruct } from 'constructs';
import type { NetworkPeer } from '../kubernetes';
import type { ModelBackend } from './model-backend';

/** How requests find a model behind a gateway. */
export interface ModelRouteOptions {
  /**
   * Host names (`:authority`) of the model. Clients of gRPC, whose requests name the model where no gateway can read it,
   * find it by them.
   *
   * @default - every host: the paths of V1 and V2 name the model
   */
  readonly hosts?: string[];

  /**
   * Whether requests that name no version go to this one, when the gateway has several versions of the model and no rollout
   * decides it.
   *
   * @default false
   */
  readonly defaultVersion?: boolean;
}

/** What answers requests under the name of a model: an {@link OnlineModel}, a {@link PredictionLookup}. */
export interface IServedModel extends IConstruct {
  /** Name of the model, as requests call it. */
  readonly modelName: string;

  /** Version of the model, as requests call it. */
  readonly modelVersion: string;

  /**
   * What constructs in front of the model know of it.
   *
   * @internal
   */
  readonly _backend: ModelBackend;
}

/** What stands in front of models: clients send their requests to it. */
export interface IModelGateway extends IConstruct {
  /** The pods of the gateway, as network policies know them: who calls the models behind it. */
  readonly networkPeer: NetworkPeer;

  /**
   * Puts a model behind the gateway. `OnlineModel` and `PredictionLookup` do so with their own `gateway`; a second time adds to the options.
   *
   * @param model model in the namespace of the gateway
   * @param options how requests find it
   */
  addModel(model: IServedModel, options?: ModelRouteOptions): void;
}
