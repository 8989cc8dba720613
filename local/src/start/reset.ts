import { dropBrokerData } from '../servers/broker.js';
import { stopLeftovers } from '../servers/run-records.js';
import { refuseArguments } from './arguments.js';
import { dataDir, dropData, runDir } from './data-dir.js';
import { runningInstance } from './instance-lock.js';

async function reset(): Promise<string> {
  const running = runningInstance(runDir);
  if (running !== undefined) throw new Error(`The suite is running (process ${running}). Stop it first, then reset.`);
  await stopLeftovers(runDir);
  await dropBrokerData(dataDir);
  dropData();
  return 'Dropped the data of npm start in .data. Databases and brokers that you provide are unchanged.\n';
}

refuseArguments(
  'npm run reset: drops the data of npm start in .data/, which is both databases and the broker, unless you provide them.',
);
reset().then(
  (done) => process.stdout.write(done),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
