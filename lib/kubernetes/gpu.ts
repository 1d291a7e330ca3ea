import { isQualifiedName } from './names';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

const KNOWN_VENDORS = [
  'nvidia.com',
  'amd.com',
  'gpu.intel.com',
  'habana.ai',
  'google.com',
  'aws.amazon.com',
  'huawei.com',
];

/**
 * GPUs, or other accelerators, of a container.
 *
 * A GPU is an extended resource that the device plugin of its vendor offers on a node. Its nodes are often tainted:
 * see `tolerations`.
 *
 * @see https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
 */
export class Gpu {
  /**
   * NVIDIA GPUs (`nvidia.com/gpu`).
   *
   * @param count how many for each replica
   */
  public static nvidia(count: number = 1): Gpu {
    return new Gpu('nvidia.com/gpu', count);
  }

  /**
   * AMD GPUs (`amd.com/gpu`).
   *
   * @param count how many for each replica
   */
  public static amd(count: number = 1): Gpu {
    return new Gpu('amd.com/gpu', count);
  }

  /**
   * Intel GPUs (`gpu.intel.com/i915`).
   *
   * @param count how many for each replica
   */
  public static intel(count: number = 1): Gpu {
    return new Gpu('gpu.intel.com/i915', count);
  }

  /**
   * Any other resource of a device plugin, for example `nvidia.com/mig-1g.5gb` or `aws.amazon.com/neuron`.
   *
   * @param resourceName name of the extended resource, `vendor.domain/resource`
   * @param count how many for each replica
   */
  public static custom(resourceName: string, count: number = 1): Gpu {
    return new Gpu(resourceName, count);
  }

  /** Name of the extended resource. */
  public readonly resourceName: string;

  /** How many for each replica. */
  public readonly count: number;

  private constructor(resourceName: string, count: number) {
    this.resourceName = resourceName;
    this.count = count;
  }
}

/** Checks the name of an extended resource that stands for a GPU. */
export function checkGpuResource(resourceName: string): Violation[] {
  const [domain = '', name] = resourceName.split('/');
  if (name === undefined || !isQualifiedName(resourceName) || /(^|\.)kubernetes\.io$/.test(domain)) {
    return [
      violation(
        RULES.gpuResource,
        `The GPU resource is named ${quote(resourceName)}.`,
        "Write Gpu.nvidia(1), or the full name as in Gpu.custom('nvidia.com/mig-1g.5gb').",
      ),
    ];
  }
  return KNOWN_VENDORS.includes(domain)
    ? []
    : [
        violation(
          RULES.gpuVendor,
          `The GPU resource ${quote(resourceName)} is of the vendor ${quote(domain)}.`,
          'Compare the name with `kubectl describe nodes` under Allocatable; if it is there, leave it.',
        ),
      ];
}

/** Checks GPUs as they are declared. */
export function checkGpu(gpu: Gpu): Violation[] {
  const found = checkGpuResource(gpu.resourceName);
  if (!Number.isInteger(gpu.count) || gpu.count < 1) {
    found.push(
      violation(RULES.positiveAmount, `resources.gpu has a count of ${quote(gpu.count)}.`, 'Write a whole number.'),
    );
  }
  return found;
}

/** Checks that pods with a GPU run an image that computes on it: the bundled one does not. */
export function checkGpuImage(gpu: Gpu | undefined, isBundledImage: boolean): Violation[] {
  return gpu === undefined || !isBundledImage
    ? []
    : [
        violation(
          RULES.gpuImage,
          `resources.gpu asks for ${gpu.resourceName}, and the image is the bundled one.`,
          'Set image to one that computes on this GPU, or remove gpu.',
        ),
      ];
}
