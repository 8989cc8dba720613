/** Prints the totals as the last line of the output, where people and scripts look first. */
export default class ClosingLineReporter {
  #failedToRun = 0;

  onRunComplete(_contexts, results) {
    this.#failedToRun = results.numRuntimeErrorTestSuites;
    const failed = results.numFailedTests + this.#failedToRun;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    process.on('exit', () => process.stdout.write(`${line}\n`));
  }
}
