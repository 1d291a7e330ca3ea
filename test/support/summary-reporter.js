/** Closes a run with the one line that people and scripts read: `N passed, N failed, N skipped`. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    this.skipped = results.numPendingTests + results.numTodoTests;
    // At the very end: jest prints a summary of its own after all reporters.
    process.once('exit', () => {
      process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed, ${this.skipped} skipped\n`);
    });
  }

  /** In CI everything that a test needs is there, so a skipped test is a test that should have run. */
  getLastError() {
    return process.env.CI && this.skipped > 0 ? new Error(`${this.skipped} tests were skipped in CI`) : undefined;
  }
};
