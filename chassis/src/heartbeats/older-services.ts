/** A row of `service_heartbeats` that was written within the last minute. */
export interface Heartbeat {
  readonly service: string;
  readonly version: string;
}

/**
 * Names the services of an older release, which a contract step would break and which do not fill new views. A service shows
 * itself by its heartbeat, or by its sessions at the server: these are named `<service> <release>` since 0.3.0, and `<service>` alone before.
 */
export function olderServices(
  release: string,
  heartbeats: readonly Heartbeat[],
  sessionNames: readonly string[],
): string[] {
  const seen = [
    ...heartbeats.map(({ service, version }) => ({ service, version, how: 'has reported within the last minute' })),
    ...sessionNames.flatMap((name) => {
      const session = readSessionName(name);
      return session === undefined ? [] : [{ ...session, how: 'is connected' }];
    }),
  ];
  const older = seen.filter(({ version }) => version === undefined || isOlder(version, release));
  return [...new Set(older.map(({ service, version, how }) => `${service} ${version ?? 'before 0.3.0'} ${how}`))];
}

/** The application_name of a service's sessions. It shows the version, also of a process that is frozen and reports nothing. */
export function sessionName(service: string, version: string): string {
  return `${service} ${version}`;
}

/** Reads the name of a service's session. A pooler may add the client's address. */
export function readSessionName(name: string): { service: string; version: string | undefined } | undefined {
  const [, service, version] = /^([a-z]+-service)\b(?:.*? (\d+\.\d+\.\d+(?:-[\w.]+)?)(?![\w.]))?/.exec(name) ?? [];
  return service === undefined ? undefined : { service, version };
}

/** Compares versions by number. A pre-release is older than its release, and a malformed version is older than any. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [numbersOf(version), numbersOf(than)];
  for (const index of one.keys()) {
    const [left = 0, right = 0] = [one[index], other[index]];
    if (left !== right) return left < right;
  }
  return false;
}

/** Major, minor, patch, and 1 for a release or 0 for a pre-release. */
function numbersOf(version: string): readonly number[] {
  const [, major, minor, patch, preRelease] = /^(\d+)\.(\d+)\.(\d+)(-.+)?$/.exec(version) ?? [];
  if (major === undefined) return [-1, 0, 0, 0];
  return [Number(major), Number(minor), Number(patch), preRelease === undefined ? 1 : 0];
}
