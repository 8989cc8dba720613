import type { Fault } from '../fault.js';
import { cutConnections } from './cut-connections.js';
import { killCommandService } from './kill-command-service.js';
import { killConsumer } from './kill-consumer.js';

/** Every fault of the campaign, in the order in which it runs. */
export const allFaults: readonly Fault[] = [...killCommandService, ...killConsumer, cutConnections];
