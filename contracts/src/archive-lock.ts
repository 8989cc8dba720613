/**
 * The advisory lock for commands that add, remove or need all months of `event_archive`. A rebuild that runs while a
 * month is restored would miss that month.
 */
export const ARCHIVE_LOCK = 'event archive';
