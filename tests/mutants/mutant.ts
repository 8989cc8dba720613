/** Text that must stand in the file exactly once: a bug that no longer applies is an error, not a bug that was caught. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** A deliberate bug that compiles, and the test that turns red because of it. */
export interface Mutant {
  readonly name: string;
  readonly bug: string;
  readonly changes: readonly Change[];
  readonly caughtBy: NamedTest;
}
