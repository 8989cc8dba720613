import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyCheckout } from '@tallyline/local/testing/copy-checkout';
import { versionIn } from '../world/release.js';
import type { BuiltRelease } from './build-release.js';

/** The view that only the later release has. */
export const LATER_VIEW = 'customer_orders_view';

const projection = `
import { adds } from './merge-rules.js';
import { view } from './view.js';

export const customerOrders = view({
  table: '${LATER_VIEW}',
  revision: 1,
  key: { customer_id: 'bigint' },
  columns: { order_count: adds('bigint') },
  folds: { OrderCreated: ({ customerId }) => [{ customer_id: customerId, order_count: 1 }] },
});
`;

const migration = `-- kind: transaction
-- step: expand
CREATE TABLE IF NOT EXISTS ${LATER_VIEW} (customer_id BIGINT PRIMARY KEY, order_count BIGINT NOT NULL DEFAULT 0);
SELECT register_view('${LATER_VIEW}', 1);
`;

/** Builds this checkout with one view more, as a developer would add it, under the next version. */
export async function buildLaterRelease(): Promise<BuiltRelease> {
  const { dir, remove } = await copyCheckout();
  try {
    const [major, minor] = versionIn(dir).split('.').map(Number);
    const version = `${major}.${Number(minor) + 1}.0`;
    await replaceIn(join(dir, 'chassis/package.json'), /"version": "[^"]+"/, `"version": "${version}"`);
    await write(join(dir, 'migrations/read/9000-customer-orders.sql'), migration);
    await write(join(dir, 'consumer-service/src/projections/customer-orders.ts'), projection);
    const index = join(dir, 'consumer-service/src/projections/index.ts');
    await replaceIn(index, /^/, "import { customerOrders } from './customer-orders.js';\n");
    await replaceIn(index, '  customerLtv,\n', '  customerLtv,\n  customerOrders,\n');
    const revisions = join(dir, 'contracts/src/view-revisions.ts');
    await replaceIn(revisions, '  customer_ltv_view: 1,\n', `  customer_ltv_view: 1,\n  ${LATER_VIEW}: 1,\n`);
    execFileSync(process.execPath, [join(dir, 'node_modules/typescript/bin/tsc'), '-b', 'consumer-service'], {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return { name: 'this checkout with a new view', version, dir, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function replaceIn(file: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error(`${file} has no place for the change of the later release`);
  await write(file, changed);
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
