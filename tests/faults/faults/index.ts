import type { Fault } from '../fault.js';
import { backlog } from './backlog.js';
import { breakBrokers, memoryAlarm } from './break-broker.js';
import { blackHoles, slowLink } from './break-network.js';
import { breakPostgreses } from './break-postgres.js';
import { cutConnections } from './cut-connections.js';
import { deadLettersOfEachKind } from './dead-letters.js';
import { deniedTopic } from './denied-topic.js';
import { redelivered, shuffled } from './disorder.js';
import { killCommandService } from './kill-command-service.js';
import { killConsumer } from './kill-consumer.js';
import { killQueryService } from './kill-query-service.js';
import { otherHistory } from './other-history.js';
import { readOnly } from './read-only.js';
import { frozenRelay, frozenWriter, renamedWriter, rollingKills, rollingStops } from './relays.js';
import { sameKey } from './same-key.js';
import { bindingRemoved, deadLetterExchangeDeleted, queueDeleted, topologyDeleted } from './topology-changes.js';

/** Every fault of the campaign, in the order in which it runs. */
export const allFaults: readonly Fault[] = [
  ...killCommandService,
  ...killConsumer,
  killQueryService,
  ...breakBrokers,
  memoryAlarm,
  cutConnections,
  ...blackHoles,
  slowLink,
  ...breakPostgreses,
  redelivered,
  shuffled,
  deadLettersOfEachKind,
  frozenWriter,
  renamedWriter,
  frozenRelay,
  rollingKills,
  rollingStops,
  queueDeleted,
  bindingRemoved,
  topologyDeleted,
  deadLetterExchangeDeleted,
  deniedTopic,
  ...readOnly,
  ...otherHistory,
  sameKey,
  backlog,
];
