/** A header with event ids of writes. A POST answers it; a GET that sends it waits until the views include the events. */
export const CONSISTENCY_TOKEN = 'consistency-token';

/** A header that a GET with tokens answers: whether the answer includes those writes. */
export const CONSISTENCY_STATUS = 'consistency-status';

export const consistencyStates = ['included', 'pending', 'set-aside', 'parked'] as const;
export type ConsistencyState = (typeof consistencyStates)[number];
