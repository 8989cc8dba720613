import type { SeenServices } from '@tallyline/chassis/heartbeats/heartbeats.sql';
import { olderServices, readSessionName } from '@tallyline/chassis/heartbeats/older-services';
import { inspectDatabase } from '@tallyline/chassis/migrations/inspect-database';
import type { Schema, Side } from '@tallyline/chassis/migrations/prepare-database';
import { ownVersion } from '@tallyline/chassis/process/version';
import { SERVICE_NAMES } from '@tallyline/contracts/suite';

export interface MigratedDatabase {
  readonly side: Side;
  readonly url: string;
  readonly schema: Schema;
}

/** Other programs of the database may be named `<word>-service`, too, and have nothing to do with the releases of the suite. */
const isOurs = (service: string | undefined) => SERVICE_NAMES.some((name) => name === service);

/** Says which services forbid contract steps, and what a database without heartbeats cannot show. */
export function contractFindings(side: Side, seen: SeenServices): { refusals: string[]; notes: string[] } {
  const heartbeats = seen.heartbeats.filter(({ service }) => isOurs(service));
  const sessionNames = seen.sessionNames.filter((name) => isOurs(readSessionName(name)?.service));
  return {
    refusals: olderServices(ownVersion, heartbeats, sessionNames).map((found) => `${side} database: ${found}`),
    notes: seen.hasHeartbeats
      ? []
      : [`${side} database: it has no table service_heartbeats, so only services that are connected now can be seen`],
  };
}

/** Finds the services of an older release in all these databases. */
export async function findRefusals(databases: readonly MigratedDatabase[]): Promise<string[]> {
  const found = await Promise.all(
    databases.map(async ({ side, url, schema }) => {
      const inspection = await inspectDatabase(url, schema);
      return inspection.state === 'in use' ? contractFindings(side, inspection.seen).refusals : [];
    }),
  );
  return found.flat();
}
