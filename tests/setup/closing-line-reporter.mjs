/** Prints the totals as the very last line, where a person, a script and a CI log all look first. */
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
