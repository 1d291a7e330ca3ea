import {
  type ContainerResources,
  MEBIBYTE,
  type ModelResources,
  type ResourceNeeds,
  renderResources,
} from '../kubernetes';
import type { Model } from '../model';
import { memoryNeeds, type SizedModel, sizeModels } from './bound-models';
import { type Fallback, fallbackModelOf } from './fallback';
import type { PodAdditions } from './pod-additions';

const TEMPORARY_BYTES = 64 * MEBIBYTE;

/** What a pod with a model takes, and gets. */
export interface Capacity {
  /** The model, and the one behind it where there is one. */
  readonly sized: SizedModel[];
  readonly temporaryBytes: number;
  readonly needs: ResourceNeeds;
  readonly containerResources: ContainerResources;
}

/** Decides what a pod with a model, the one of its fallback and what is around them takes. */
export function resolveCapacity(
  { model, fallback }: { readonly model: Model; readonly fallback?: Fallback },
  resources: ModelResources,
  additions: Required<PodAdditions>,
): Capacity {
  const other = fallback && fallbackModelOf(fallback);
  const models = [
    { model, role: 'model' as const },
    ...(other === undefined ? [] : [{ model: other, role: 'fallback' as const }]),
  ];
  const memory = memoryNeeds(
    models.map((each) => each.model),
    additions.memoryBytes,
  );
  const sized = sizeModels(models, resources, memory);
  // A model with a ZipMap is rewritten before it is opened, and the copy lies there.
  const temporaryBytes = TEMPORARY_BYTES + total(sized, ({ maxModelBytes }) => maxModelBytes);
  const modelVolumes = total(sized, (each) => each.model.source._binding.volumeBytes(each.maxModelBytes));
  const needs: ResourceNeeds = { ...memory, volumeBytes: temporaryBytes + modelVolumes + additions.volumeBytes };
  return { sized, temporaryBytes, needs, containerResources: renderResources(resources, needs) };
}

function total(models: SizedModel[], bytesOfOne: (model: SizedModel) => number): number {
  return models.reduce((sum, model) => sum + bytesOfOne(model), 0);
}
