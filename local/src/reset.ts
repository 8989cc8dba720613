import { refuseArguments } from './arguments.js';
import { dropBrokerData } from './broker.js';
import { dataDir, dropData, runDir } from './data-dir.js';
import { runningInstance } from './instance-lock.js';
import { stopLeftovers } from './run-records.js';

async function reset(): Promise<string> {
  const running = runningInstance(runDir);
  if (running !== undefined) throw new Error(`The suite is running (process ${running}). Stop it first, then reset.`);
  await stopLeftovers(runDir);
  await dropBrokerData(dataDir);
  dropData();
  return 'The data of both databases and of the broker is dropped. The next start begins empty.\n';
}

refuseArguments('npm run reset: drops the data of both databases and of the broker (.data/).');
reset().then(
  (done) => process.stdout.write(done),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
