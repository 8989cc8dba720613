import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Strike } from '../fault.js';
import type { Release } from '../world/release.js';
import { replace } from './steps.js';

/** The value of EVENT_VERSIONS that makes writers write the newest versions. It is empty if they do so by default. */
export interface Flip {
  readonly setting: string;
}

interface Declarations {
  readonly events: Readonly<
    Record<string, { readonly earlier?: readonly unknown[]; readonly writtenVersion?: number }>
  >;
}

/** Reads from the build of a release which event versions it knows and does not write by default. */
export async function newestVersions({ dir }: Release): Promise<Flip> {
  const file = join(dir, 'contracts/dist/events.js');
  if (!existsSync(file)) throw new Error(`${dir} has no built contracts`);
  const { events } = (await import(pathToFileURL(file).href)) as Declarations;
  const flipped = Object.entries(events).flatMap(([type, { earlier = [], writtenVersion = 1 }]) =>
    earlier.length + 1 > writtenVersion ? [`${type}=${earlier.length + 1}`] : [],
  );
  return { setting: flipped.join(',') };
}

/** Restarts the writers so that they write the newest versions, and waits until events of these were written. */
export async function flipVersions(strike: Strike, to: Release, { setting }: Flip): Promise<string> {
  if (setting === '') return 'no version to flip';
  await replace(strike, 'command-service', { release: to, env: { EVENT_VERSIONS: setting } });
  const { rows } = await strike.world.write.query(
    `SELECT count(*) AS written FROM outbox WHERE (payload ->> 'version')::int > 1`,
  );
  if (Number(rows[0].written) === 0) throw new Error(`no event was written in the versions ${setting}`);
  return `${rows[0].written} events written with EVENT_VERSIONS=${setting}`;
}
