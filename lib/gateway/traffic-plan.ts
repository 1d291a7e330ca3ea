import type { IConstruct } from 'constructs';
import type { IServedModel, ModelBackend, ModelRouteOptions } from '../online';
import type { TrafficSplitRequest } from './traffic-router';

/** A version of a model behind a gateway. */
export interface AttachedVersion {
  readonly model: IServedModel;
  readonly hosts: string[];
  readonly defaultVersion: boolean;
}

/** A rollout between two of them. */
export interface AttachedSplit {
  readonly rollout: IConstruct;
  readonly request: TrafficSplitRequest;
}

/** All versions of one model, in the order in which they came. */
export interface ModelTraffic {
  readonly name: string;
  /** Empty = every host. */
  readonly hosts: string[];
  readonly versions: VersionTraffic[];
  /** What requests get that name no version. */
  readonly main: VersionTraffic;
  /** Absent = all of them go to `main`. */
  readonly split?: SplitTraffic;
}

/** One version. */
export interface VersionTraffic {
  readonly version: string;
  readonly backend: ModelBackend;
  readonly variant: 'stable' | 'candidate';
}

/** Two versions that share the requests. */
export interface SplitTraffic {
  readonly request: TrafficSplitRequest;
  readonly stable: VersionTraffic;
  readonly candidate: VersionTraffic;
}

/** What is behind a gateway. It grows until the synthesis. */
export class Attachments {
  private readonly versionsByModel = new Map<IServedModel, AttachedVersion>();
  private readonly splitList: AttachedSplit[] = [];

  /**
   * Adds a version, or options to one that is there.
   *
   * @returns whether it is new
   */
  public add(model: IServedModel, { hosts = [], defaultVersion = false }: ModelRouteOptions = {}): boolean {
    const known = this.versionsByModel.get(model);
    this.versionsByModel.set(model, {
      model,
      hosts: [...new Set([...(known?.hosts ?? []), ...hosts])],
      defaultVersion: defaultVersion || known?.defaultVersion === true,
    });
    return known === undefined;
  }

  public addSplit(split: AttachedSplit): void {
    this.splitList.push(split);
  }

  public get versions(): AttachedVersion[] {
    return [...this.versionsByModel.values()];
  }

  public get splits(): AttachedSplit[] {
    return [...this.splitList];
  }

  /** What goes where, model by model. */
  public plan(): ModelTraffic[] {
    const names = [...new Set(this.versions.map(({ model }) => model.modelName))];
    return names.map((name) => this.planModel(name));
  }

  private planModel(name: string): ModelTraffic {
    const attached = this.versions.filter(({ model }) => model.modelName === name);
    const split = this.splitList.find(({ request }) => request.stable.model.name === name);
    const versions = attached.map(({ model }) => trafficOf(model, split?.request.candidate === model));
    const hosts = [...new Set(attached.flatMap(({ hosts: own }) => own))];
    if (split !== undefined) {
      const { request } = split;
      const stable = trafficOf(request.stable, false);
      const candidate = trafficOf(request.candidate, true);
      return { name, hosts, versions, main: stable, split: { request, stable, candidate } };
    }
    const main = attached.find(({ defaultVersion }) => defaultVersion) ?? (attached[0] as AttachedVersion);
    return { name, hosts, versions, main: trafficOf(main.model, false) };
  }
}

function trafficOf({ modelVersion: version, _backend: backend }: IServedModel, isCandidate: boolean): VersionTraffic {
  return { version, backend, variant: isCandidate ? 'candidate' : 'stable' };
}
