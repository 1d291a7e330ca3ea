import { LRUCache } from 'lru-cache';
import type { CachedFallbackConfig } from '../contract';
import { elementCount, type Tensor, type TensorData } from '../model';
import { type Job, tensorKey } from '../scheduling';
import type { Answerer } from './fallback';

/** Memory of an entry besides its elements and key, in bytes: the tensors, the list of the cache. */
const ENTRY_BYTES = 400;
const TENSOR_BYTES = 150;

/** Answers with what the model answered last for the same inputs. */
export class CachedAnswers implements Answerer {
  readonly keptTime = 0;

  private readonly answers: LRUCache<string, readonly Tensor[]>;

  constructor({ maxBytes, maxAgeMillis }: CachedFallbackConfig) {
    this.answers = new LRUCache({
      maxSize: maxBytes,
      ttl: maxAgeMillis,
      sizeCalculation: (outputs, key) =>
        outputs.reduce((sum, { data }) => sum + TENSOR_BYTES + bytesOf(data), ENTRY_BYTES + key.length),
    });
  }

  answer(job: Job, otherwise: () => void): void {
    const outputs = this.answers.get(tensorKey(job.inputs));
    if (outputs === undefined) {
      otherwise();
    } else {
      job.succeed(outputs, undefined, 'cached');
    }
  }

  learn({ inputs, rows }: Job, outputs: readonly Tensor[], firstRow: number | undefined): void {
    this.answers.set(
      tensorKey(inputs),
      outputs.map((output) => copy(output, firstRow, rows)),
    );
  }
}

/** The elements of one request: those of others, which shared its run, must not be kept with them. */
function copy({ datatype, shape, data }: Tensor, firstRow: number | undefined, rows = 0): Tensor {
  if (firstRow === undefined) {
    return { datatype, shape, data: data.slice() };
  }
  const tail = shape.slice(1);
  const stride = elementCount(tail);
  return { datatype, shape: [rows, ...tail], data: data.slice(firstRow * stride, (firstRow + rows) * stride) };
}

function bytesOf(data: TensorData): number {
  return Array.isArray(data) ? data.reduce((sum, text) => sum + 2 * text.length + 16, 0) : data.byteLength;
}
