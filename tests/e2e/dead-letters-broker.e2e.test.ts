import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { connect } from 'amqplib';
import { runCommand } from '../setup/run-command.js';
import { openSuiteOnOwnBroker } from '../setup/suite-on-own-broker.js';

const { broker, suite } = await openSuiteOnOwnBroker();

async function listed(): Promise<Record<string, unknown>[]> {
  const { stdout } = await runCommand(suite, 'dead-letters', 'list', '--json');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)));
}

test('a redrive ends when the broker blocks publishers, and its letters stay', async () => {
  const model = await connect(broker.brokerUrl);
  const channel = await model.createConfirmChannel();
  channel.publish('events', 'order.created', Buffer.from('{ broken'), { persistent: true });
  await channel.waitForConfirms();
  await model.close();
  const [letter] = await eventually(async () => {
    const letters = await listed();
    expect(letters).toMatchObject([{ recorded: true, hasMessage: true }]);
    return letters;
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
  // Once or twice: what the broker had not read it may have read now, and the copy came back here.
  await eventually(async () => expect(await listed()).toContainEqual(letter));
}, 60_000);
