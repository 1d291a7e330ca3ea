import type { TensorData } from '../../model';

type Numbers = Exclude<TensorData, string[]>;

/**
 * Memory for the predictions of one table after the other.
 *
 * Arrays of megabytes that outlive a few collections of young objects stay until V8 collects everything, which it seldom does
 * when nothing else piles up: a hundred tables would take the memory of ten or twenty. So it is used again.
 */
export class ElementMemory {
  private readonly free: Numbers[] = [];

  /**
   * An array of the kind that `like` is; what numbers are in it is not known, texts are empty.
   *
   * @param length number of elements
   */
  take(like: TensorData, length: number): TensorData {
    if (Array.isArray(like)) {
      return new Array<string>(length).fill('');
    }
    const fitting = this.free.filter((array) => array.constructor === like.constructor);
    const [found = fitting.at(-1)] = fitting.filter((array) => array.length >= length);
    if (found !== undefined) {
      this.free.splice(this.free.indexOf(found), 1); // one that is too small goes, so that there never are more than in use at once
    }
    if (found !== undefined && found.length >= length) {
      return found.subarray(0, length);
    }
    const Elements = like.constructor as { new (length: number): Numbers };
    return new Elements(length);
  }

  /** Gives back what was taken; nobody may use it any more. */
  give(data: TensorData): void {
    if (!Array.isArray(data)) {
      const Elements = data.constructor as { new (buffer: ArrayBufferLike): Numbers };
      this.free.push(new Elements(data.buffer));
      this.free.sort((a, b) => a.length - b.length);
    }
  }
}
