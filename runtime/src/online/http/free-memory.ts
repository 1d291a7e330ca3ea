/** A method of ES2024. */
interface Transferable extends ArrayBuffer {
  transfer(length: number): ArrayBuffer;
}

/** Smaller buffers are left to V8. */
const LEAST_BYTES = 16 * 1024;

/**
 * Frees the memory of large buffers now; nobody may look at them any more. Memory outside of the heap that waits to be
 * collected makes V8 mark all of the heap again and again: a fifth of the time of requests of 150 KB.
 *
 * Memory that a buffer may share with others is left to V8.
 */
export function freeMemory(buffers: readonly Buffer[]): void {
  for (const { buffer, byteLength } of buffers) {
    if (byteLength >= LEAST_BYTES && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) {
      (buffer as Transferable).transfer(0);
    }
  }
}
