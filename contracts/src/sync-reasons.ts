/**
 * Reasons why `sync-status` is not "in-sync", for programs. docs/operations.md explains each under the same name;
 * `action` is a short form of what to do.
 */
export const syncReasons = {
  'nothing-reported': { action: 'start command-service and consumer-service; one watermark must arrive' },
  'nothing-new-reported': { action: 'see /health/ready of command-service and consumer-service, and the broker' },
  'watermark-missing': { action: 'wait: consumer-service requests it again within seconds' },
  'events-pending': { action: 'wait; if it lasts, see the other reasons' },
  'events-in-outbox': { action: 'wait; if it lasts, see /health/ready of command-service' },
  'events-not-taken': {
    action: 'remove the cause that the broker names; the events are then published without further help',
  },
  'consumer-without-broker': { action: 'see /health/ready of consumer-service' },
  'queue-not-consumed': { action: 'grant consumer-service the right to read the queue' },
  'views-refuse-events': {
    action: 'undo the change to the table; the events are then applied without further help',
  },
  'views-not-written': { action: 'see the log of consumer-service' },
  'dead-letters-not-taken': { action: 'make room in the dead-letter queue' },
  'dead-letters': { action: 'npm run dead-letters -- list' },
  'events-parked': { action: 'upgrade every consumer-service; it applies the events by itself' },
  'history-lacking': { action: 'npm run archive -- restore, then npm run rebuild -- --accept' },
  'view-lacks-history': { action: 'stop older consumers, then npm run rebuild -- --view NAME' },
  'write-database-changed': { action: 'npm run verify -- --accept' },
  'second-write-database': {
    action: 'give each write database a virtual host of its own; docs/operations.md says how to go on',
  },
} as const;

export type SyncReasonCode = keyof typeof syncReasons;

export const syncReasonCodes = Object.keys(syncReasons) as [SyncReasonCode, ...SyncReasonCode[]];

/** A problem that a service reports about itself. */
export interface SyncProblem {
  readonly code: SyncReasonCode;
  readonly detail: string;
}
