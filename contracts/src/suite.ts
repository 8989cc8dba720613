/** The suite's name, as it stands in what its services show to the outside. */

/** Begins the name of every metric of the suite's own. */
export const METRIC_PREFIX = 'tallyline_';

/** The `type` of a problem answer (RFC 9457) is this and the problem's slug. */
export const PROBLEM_TYPES = 'urn:tallyline:problem:';
