/**
 * The lock on the read database of whoever brings months of `event_archive` or takes them away, and of whoever counts on
 * them all: a month that comes back beside a rebuild is older than all it looks at, and would be missing in its views.
 */
export const ARCHIVE_LOCK = 'event archive';
