import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { plainText } from '@tallyline/contracts/plain-text';
import fc from 'fast-check';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';
import { expectDocumented } from './expect-documented.js';
import { describeRequest, type FuzzRequest } from './fuzz-request.js';
import { readRequest } from './read-requests.js';
import { createSender } from './send.js';
import { spellings, writeRequest } from './write-requests.js';
import { addedBy, readWriteState, type WriteState, withAdded } from './write-side.js';

/** `FUZZ_RUNS=1000000 FUZZ_SEED=7 npm test -- tests/fuzz` runs longer, or repeats a failure. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 10_000);
// The seed is fixed, so that each run repeats the one before.
const SEED = Number(process.env.FUZZ_SEED ?? 20261121);
const MAX_BATCH = 48;
/** A busy machine needs several times as long as an idle one. */
const TIMEOUT_MS = 120_000 + RUNS * 12;

const suite = await openSuite();
const sender = createSender(suite, MAX_BATCH);
beforeAll(async () => {
  for (const [category, price, stock] of [
    ['Pen', 2.5, 40],
    ['Pen', 0, 2_147_483_647],
    ['茶', 10_000_000, 2_147_483_647],
    ['__proto__', 0.01, 2_147_483_647],
    ['constructor', 49.99, 100_000],
    ['a/b?c#d', 19.99, 0],
    ['%', 0.1, 1_000_000],
  ] as const) {
    await suite.post('/api/products', { name: category, category, price, stock });
  }
});
afterAll(() => sender.close());

test(
  `answers ${RUNS} generated requests as documented, and stores exactly what it accepts`,
  async () => {
    const statuses: Record<number, number> = {};
    let sent = 0;

    const batch = async (requests: readonly FuzzRequest[]) => {
      const before = await readWriteState(suite.write);
      const answers = await Promise.all(
        requests.map(async (request) => {
          const answer = await sender.send(request);
          return { request, answer, added: addedBy(request, answer) };
        }),
      );
      sent += requests.length;
      for (const { answer } of answers) statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const after = await readWriteState(suite.write);
      for (const { request, answer } of answers) expectDocumented(request, answer);
      const added = answers.map((each) => each.added);
      expectState(after, withAdded(before, added), () =>
        answers.map(({ request, answer }) => `${answer.status} ${describeRequest(request)}`),
      );
    };

    const anyRequest = fc.oneof({ weight: 3, arbitrary: writeRequest }, { weight: 2, arbitrary: readRequest });
    const requests = fc.array(anyRequest, { minLength: 1, maxLength: MAX_BATCH, size: 'max' });
    for (let round = 0; sent < RUNS; round += 1) {
      const numRuns = Math.ceil((RUNS - sent) / MAX_BATCH);
      await fc.assert(fc.asyncProperty(requests, batch), { seed: SEED + round, numRuns, reporter: reportFailure });
    }
    process.stdout.write(`fuzz: ${sent} requests, seed ${SEED}, answers ${JSON.stringify(statuses)}\n`);
    // Enough requests must get past validation: otherwise this tests only validation.
    for (const status of [200, 201, 400, 404, 409, 415, 422])
      expect(statuses[status] ?? 0).toBeGreaterThan(RUNS / 2000);

    await suite.inSync(60_000);
    const { rows } = await suite.read.query('SELECT count(*)::int AS n FROM dead_letters');
    expect(rows[0].n).toBe(0);
    expect(await runCommand(suite, 'verify')).toMatchObject({ code: 0 });
    await expectOneSpelling();
  },
  TIMEOUT_MS,
);

/** Expects that texts which look the same are stored in one spelling, whichever spelling was sent. */
async function expectOneSpelling(): Promise<void> {
  for (const [pool, texts] of [
    [
      suite.write,
      'SELECT name FROM products UNION SELECT category FROM products UNION SELECT receipt_id FROM purchases',
    ],
    [suite.read, 'SELECT category_name FROM category_metrics_view'],
  ] as const) {
    const { rows } = await pool.query({ text: texts, rowMode: 'array' });
    const stored = rows.map(([text]) => String(text));
    expect(stored.filter((text) => plainText(text) !== text)).toEqual([]);
    for (const [plain, variants] of Object.entries(spellings)) {
      expect(stored).toContain(plain);
      expect(stored.filter((text) => text !== plain && variants.some((variant) => variant === text))).toEqual([]);
    }
  }
}

function expectState(state: WriteState, expected: WriteState, requests: () => readonly string[]): void {
  const differing = Object.keys(expected).filter((name) => expected[name] !== state[name]);
  if (differing.length === 0) return;
  const lines = differing.map((name) => `${name}: ${state[name]} where the answers add up to ${expected[name]}`);
  throw new Error([...lines, ...requests()].join('\n'));
}

async function reportFailure(details: fc.RunDetails<[readonly FuzzRequest[]]>): Promise<void> {
  if (!details.failed) return;
  throw new Error(
    `FUZZ_RUNS=${RUNS} FUZZ_SEED=${SEED} npm test -- tests/fuzz repeats this (shrunk ${details.numShrinks} times, path ${details.counterexamplePath}):\n${String(details.errorInstance)}`,
  );
}
