import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';
import { SAFE_REPLAY_DAYS } from '@tallyline/contracts/environment';

const DAY_MS = 86_400_000;

/**
 * Those that the inbox may have forgotten, however it is set now and was set before: older than it must remember, by the
 * time inside the id (UUIDv7; ids without one are never forgotten).
 */
export function maybeForgotten(ids: readonly string[]): readonly string[] {
  const youngest = lowestUuidOf(new Date(Date.now() - SAFE_REPLAY_DAYS * DAY_MS));
  return ids.filter((id) => id < youngest && id[14] === '7');
}
