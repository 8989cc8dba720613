/** Replaces `from`, which the file must have exactly once, with `to`. A bug that no longer applies is an error. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** A deliberate bug that compiles, and the test that must fail because of it. */
export interface Mutant {
  readonly name: string;
  readonly bug: string;
  readonly changes: readonly Change[];
  readonly caughtBy: NamedTest;
}
