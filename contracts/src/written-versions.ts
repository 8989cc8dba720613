import { type EventDeclaration, newestVersionOf } from './event-versions.js';
import { type EventType, events, isEventType } from './events.js';

/** The version of each event type that is written. */
export type WrittenVersions = Readonly<Record<EventType, number>>;

/** The versions that are written when EVENT_VERSIONS names none. */
export const defaultVersions = Object.fromEntries(
  Object.entries(events).map(([type, { writtenVersion }]) => [type, writtenVersion]),
) as WrittenVersions;

/**
 * Reads the setting EVENT_VERSIONS, such as `OrderCreated=2,ProductCreated=1`. Types that it does not name get their default.
 * Throws an error that names the fault.
 */
export function writtenVersionsOf(setting: string): WrittenVersions {
  const given = setting.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [versionOf(entry.trim())]));
  return { ...defaultVersions, ...Object.fromEntries(given) };
}

function versionOf(entry: string): [EventType, number] {
  const [, type, digits] = /^(\w+)\s*=\s*(\d{1,4})$/.exec(entry) ?? [];
  if (!isEventType(type)) {
    throw new Error(`"${entry}" must be TYPE=VERSION, where TYPE is one of ${Object.keys(events).join(', ')}`);
  }
  const [version, newest] = [Number(digits), newestVersionOf(events[type] as EventDeclaration)];
  if (version < 1 || version > newest) {
    throw new Error(`"${entry}": ${type} has the version${newest === 1 ? ' 1 only' : `s 1 to ${newest}`}`);
  }
  return [type, version];
}
