import { dropBrokerData } from '../servers/broker.js';
import { refuseArguments } from './arguments.js';
import { dataDir, dropData, runDir } from './data-dir.js';
import { runningInstance } from './instance-lock.js';
import { stopLeftovers } from './run-records.js';

async function reset(): Promise<string> {
  const running = runningInstance(runDir);
  if (running !== undefined) throw new Error(`The suite is running (process ${running}). Stop it first, then reset.`);
  await stopLeftovers(runDir);
  await dropBrokerData(dataDir);
  dropData();
  return 'What npm start keeps in .data is dropped. Databases and brokers of your own are left as they are.\n';
}

refuseArguments(
  'npm run reset: drops what npm start keeps in .data/: both databases and the broker, unless they are your own.',
);
reset().then(
  (done) => process.stdout.write(done),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
