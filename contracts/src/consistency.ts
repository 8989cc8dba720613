/** Answered by a POST: the id of the event that the write made. A GET that sends it back waits until the views have it. */
export const CONSISTENCY_TOKEN = 'consistency-token';

/** Answered by a GET that sent tokens: whether its answer includes those writes. */
export const CONSISTENCY_STATUS = 'consistency-status';

export const consistencyStates = ['included', 'pending', 'set-aside'] as const;
export type ConsistencyState = (typeof consistencyStates)[number];
