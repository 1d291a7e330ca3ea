/** Waits that can be ended early. */
export class Waker {
  private end: (() => void) | undefined;
  private isCalled = false;

  /** Waits so long, or until {@link wake}. A call that came while nobody waited ends the next wait. */
  async wait(millis: number, signal: AbortSignal): Promise<void> {
    if (this.isCalled || signal.aborted) {
      this.isCalled = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.end = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', this.end, { once: true });
    });
    if (this.end !== undefined) {
      signal.removeEventListener('abort', this.end);
    }
    this.end = undefined;
    this.isCalled = false;
  }

  /** Ends the wait. */
  wake(): void {
    this.isCalled = true;
    this.end?.();
  }
}
