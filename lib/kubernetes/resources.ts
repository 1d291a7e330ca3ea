import type { Size } from 'cdk8s';
import type { Cpu } from 'cdk8s-plus-28';
import { checkGpu, type Gpu } from './gpu';
import { bytesOf, MEBIBYTE, mebibytes, millicoresOf, readableBytes } from './quantity';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/**
 * What each replica of a model asks for, and at most gets.
 *
 * Requests and limits are equal unless you say otherwise: pods of that kind (quality of service `Guaranteed`) keep their
 * CPU and are evicted last. The runtime sizes its threads by the CPU limit.
 */
export interface ModelResources {
  /**
   * CPU that the scheduler reserves.
   *
   * @default - as `cpuLimit`, or one core
   */
  readonly cpu?: Cpu;

  /**
   * CPU that is used at most.
   *
   * @default - as `cpu`
   */
  readonly cpuLimit?: Cpu;

  /**
   * Memory that the scheduler reserves.
   *
   * @default - as `memoryLimit`, or 512 MiB, or what the model needs if that is more
   */
  readonly memory?: Size;

  /**
   * Memory at which the container is killed.
   *
   * @default - as `memory`
   */
  readonly memoryLimit?: Size;

  /**
   * Space on the disk of the node (logs, `/tmp`, a downloaded model) that the scheduler reserves.
   *
   * @default - 256 MiB, and the largest size of the model where it is known
   */
  readonly ephemeralStorage?: Size;

  /**
   * Space on the disk of the node at which the pod is evicted.
   *
   * @default - 256 MiB, and the size limits of the volumes of the pod
   */
  readonly ephemeralStorageLimit?: Size;

  /**
   * GPUs.
   *
   * @default - none
   */
  readonly gpu?: Gpu;
}

/** `resources` of a container. */
export interface ContainerResources {
  readonly requests: { readonly [resource: string]: string };
  readonly limits: { readonly [resource: string]: string };
}

const DEFAULT_MEMORY = 512 * MEBIBYTE;
const PROCESS_MEMORY = 128 * MEBIBYTE;
const COPIES_WHILE_LOADING = 2;
const STORAGE_BESIDE_VOLUMES = 256 * MEBIBYTE;
const LEAST_STORAGE_BESIDE_VOLUMES = 64 * MEBIBYTE;

/** What is in memory, in bytes. */
export interface MemoryNeeds {
  /** Largest size of all model files together, as far as it is known; absent = of none. */
  readonly modelBytes?: number;
  /** What caches, waiting requests and logs may hold. */
  readonly bufferBytes: number;
}

/** Sizes that requests and limits must make room for, in bytes. */
export interface ResourceNeeds extends MemoryNeeds {
  /** Size limits of the volumes that live on the disk of the node. */
  readonly volumeBytes: number;
}

/** Memory that a container needs, in bytes. */
function memoryFor({ modelBytes = 0, bufferBytes }: MemoryNeeds): number {
  return PROCESS_MEMORY + COPIES_WHILE_LOADING * modelBytes + bufferBytes;
}

/** Largest further model file that a container with so much memory can load, in bytes. */
export function largestModelFor(memoryBytes: number, needs: MemoryNeeds): number {
  return Math.max(MEBIBYTE, Math.floor((memoryBytes - memoryFor(needs)) / COPIES_WHILE_LOADING));
}

/** Memory limit of a container, in bytes. */
export function memoryLimitOf(resources: ModelResources, needs: MemoryNeeds): number {
  const explicit = resources.memoryLimit ?? resources.memory;
  return explicit === undefined ? defaultMemory(needs) : bytesOf(explicit);
}

/** Requests and limits of the serving container. */
export function renderResources(resources: ModelResources, needs: ResourceNeeds): ContainerResources {
  const cpu = resources.cpu?.amount ?? resources.cpuLimit?.amount ?? '1';
  const { memoryLimit = resources.memory } = resources;
  const limitText = memoryLimit?.asString() ?? mebibytes(defaultMemory(needs));
  const memory = resources.memory?.asString() ?? limitText;
  const gpu = resources.gpu === undefined ? {} : { [resources.gpu.resourceName]: String(resources.gpu.count) };
  const { request, limit } = storageOf(resources, needs);
  return {
    requests: { cpu, memory, 'ephemeral-storage': request },
    limits: {
      cpu: resources.cpuLimit?.amount ?? cpu,
      memory: limitText,
      'ephemeral-storage': limit,
      ...gpu,
    },
  };
}

/** Checks what a user asked for. */
export function checkResources(resources: ModelResources, needs: ResourceNeeds): Violation[] {
  return [
    ...checkCpu(resources),
    ...checkSizes(resources, 'memory', 'memoryLimit'),
    ...checkSizes(resources, 'ephemeralStorage', 'ephemeralStorageLimit'),
    ...checkRoom(resources, needs),
    ...(resources.gpu === undefined ? [] : checkGpu(resources.gpu)),
  ];
}

function defaultMemory(needs: MemoryNeeds): number {
  return Math.max(DEFAULT_MEMORY, memoryFor(needs));
}

function storageOf(resources: ModelResources, needs: ResourceNeeds): { request: string; limit: string } {
  const { ephemeralStorage: request, ephemeralStorageLimit: limit } = resources;
  const least = STORAGE_BESIDE_VOLUMES + Math.max(needs.volumeBytes, request === undefined ? 0 : bytesOf(request));
  const reserved = STORAGE_BESIDE_VOLUMES + (needs.modelBytes ?? 0);
  return {
    request: request?.asString() ?? mebibytes(limit === undefined ? reserved : Math.min(reserved, bytesOf(limit))),
    limit: limit?.asString() ?? mebibytes(least),
  };
}

function checkCpu({ cpu, cpuLimit }: ModelResources): Violation[] {
  const found: Violation[] = [];
  for (const [prop, amount] of Object.entries({ cpu, cpuLimit })) {
    if (amount !== undefined && !(millicoresOf(amount) > 0)) {
      found.push(notPositive(prop, amount.amount));
    }
  }
  if (cpu !== undefined && cpuLimit !== undefined && millicoresOf(cpu) > millicoresOf(cpuLimit)) {
    found.push(aboveLimit('cpu', cpu.amount, 'cpuLimit', cpuLimit.amount));
  }
  return found;
}

function checkSizes(
  resources: ModelResources,
  requestProp: 'memory' | 'ephemeralStorage',
  limitProp: 'memoryLimit' | 'ephemeralStorageLimit',
): Violation[] {
  const found: Violation[] = [];
  const request = resources[requestProp];
  const limit = resources[limitProp];
  for (const [prop, size] of [
    [requestProp, request],
    [limitProp, limit],
  ] as const) {
    if (size !== undefined && !(bytesOf(size) > 0)) {
      found.push(notPositive(prop, size.asString()));
    }
  }
  if (request !== undefined && limit !== undefined && bytesOf(request) > bytesOf(limit)) {
    found.push(aboveLimit(requestProp, request.asString(), limitProp, limit.asString()));
  }
  return found;
}

function checkRoom(resources: ModelResources, needs: ResourceNeeds): Violation[] {
  const found: Violation[] = [];
  const memory = memoryLimitOf(resources, needs);
  const needed = memoryFor(needs);
  if (memory < needed) {
    const prop = resources.memoryLimit === undefined ? 'memory' : 'memoryLimit';
    found.push(
      violation(
        RULES.memoryForModel,
        `resources.${prop} is ${readableBytes(memory)}, and ${consumers(needs)} needs ${readableBytes(needed)}.`,
        `Write ${prop}: Size.mebibytes(${Math.ceil(needed / MEBIBYTE)}) or more, or lower the maxSize of the source or of the caches.`,
      ),
    );
  }
  const limit = resources.ephemeralStorageLimit;
  const storage = needs.volumeBytes + LEAST_STORAGE_BESIDE_VOLUMES;
  if (limit !== undefined && bytesOf(limit) < storage) {
    found.push(
      violation(
        RULES.storageForVolumes,
        `resources.ephemeralStorageLimit is ${limit.asString()}, and the volumes of the pod may take ${readableBytes(needs.volumeBytes)}.`,
        `Write ephemeralStorageLimit: Size.mebibytes(${Math.ceil(storage / MEBIBYTE)}) or more, or leave it out.`,
      ),
    );
  }
  return found;
}

function consumers({ modelBytes, bufferBytes }: MemoryNeeds): string {
  const model = modelBytes === undefined ? 'the process' : `a model file of up to ${readableBytes(modelBytes)}`;
  return bufferBytes === 0 ? model : `${model} with caches and queues of ${readableBytes(bufferBytes)}`;
}

function notPositive(prop: string, amount: string): Violation {
  return violation(RULES.positiveAmount, `resources.${prop} is ${quote(amount)}.`, 'Write an amount larger than zero.');
}

function aboveLimit(request: string, amount: string, limit: string, most: string): Violation {
  return violation(
    RULES.requestWithinLimit,
    `resources.${request} is ${amount} and resources.${limit} is ${most}.`,
    `Lower ${request}, or raise ${limit}.`,
  );
}
