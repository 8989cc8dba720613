/** Names of the suite that its services show to the outside. */

/** The prefix of metric names, except standard ones. */
export const METRIC_PREFIX = 'tallyline_';

/** The prefix of the `type` of problem answers (RFC 9457); the problem's slug follows. */
export const PROBLEM_TYPES = 'urn:tallyline:problem:';

/** The services. Their sessions at PostgreSQL and their heartbeats have these names. */
export const SERVICE_NAMES = ['command-service', 'consumer-service', 'query-service'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
