import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { BROKEN_JSON } from '../faults/load/bad-messages.js';
import { publishOrderMessage } from '../setup/publish-message.js';
import { runCommand } from '../setup/run-command.js';
import { openSuiteOnOwnBroker } from '../setup/suite-on-own-broker.js';

const { broker, suite } = await openSuiteOnOwnBroker();

async function listed(): Promise<Record<string, unknown>[]> {
  const { stdout } = await runCommand(suite, 'dead-letters', 'list', '--json');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)));
}

test('a redrive ends when the broker blocks publishers, and the dead letters stay', async () => {
  await publishOrderMessage(broker.brokerUrl, BROKEN_JSON);
  const [deadLetter] = await eventually(async () => {
    const deadLetters = await listed();
    expect(deadLetters).toMatchObject([{ recorded: true, hasMessage: true }]);
    return deadLetters;
  });
  await broker.control('set_vm_memory_high_watermark', '0.00001');
  try {
    expect(await runCommand(suite, 'dead-letters', 'redrive')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'the broker confirms nothing: it blocks publishers (low on memory). Its management page says more.\n' +
        'A message that was not confirmed stays in its dead-letter queue, and may have been returned to its queue as well: ' +
        'nothing is lost, and nothing is applied twice. Repair the broker, then redrive again.\n',
    });
  } finally {
    await broker.control('set_vm_memory_high_watermark', '0.4');
  }
  // The dead letter may be listed twice, because the broker may have taken the redriven copy later, and that copy then became a
  // dead letter again.
  await eventually(async () => expect(await listed()).toContainEqual(deadLetter));
}, 60_000);
