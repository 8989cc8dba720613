/** Header with event ids of writes. A POST returns it. A GET that sends it waits until the views include them. */
export const CONSISTENCY_TOKEN = 'consistency-token';

/** Header of the answer to a GET that sent such ids. It says whether the answer includes those writes. */
export const CONSISTENCY_STATUS = 'consistency-status';

export const consistencyStates = ['included', 'pending', 'set-aside', 'parked'] as const;
export type ConsistencyState = (typeof consistencyStates)[number];
