import type { Channel, ChannelModel, Options } from 'amqplib';
import { majorVersionOf } from './connection.js';

export interface Topology {
  readonly exchange: string;
  readonly deadLetterExchange: string;
  readonly queues: readonly {
    readonly name: string;
    readonly bindings: readonly string[];
    readonly deadLetterQueue?: string;
  }[];
}

/** An exchange or a queue that differs from its declaration. */
export interface TopologyProblem {
  readonly name: string;
  readonly detail: string;
  /** True for the form that an earlier version declared, which works as well. */
  readonly isAccepted: boolean;
}

/** RabbitMQ 4 drops a message after 20 returns by default, and listing a dead-letter queue returns each message. */
const UNLIMITED_RETURNS = { 'x-delivery-limit': -1 };

const OF_RABBITMQ_3 =
  'was declared by RabbitMQ 3, without x-delivery-limit: unless a policy sets delivery-limit -1, RabbitMQ 4 drops a message ' +
  'that was returned 20 times, and listing a dead-letter queue returns each message';

/** A queue without a leader does not answer; all others answer within milliseconds. */
const ANSWER_TIMEOUT_MS = 3_000;

const NOT_FOUND = 404;
const ACCESS_REFUSED = 403;

/**
 * Declares what is missing: a durable topic exchange, a dead-letter exchange, quorum queues with their bindings, and a
 * dead-letter queue for each queue that names one. What exists is used as it is, because another RabbitMQ version or an
 * administrator may have made it. Resolves with the differences from the declaration; rejects when the connection dies.
 *
 * Existence is checked by a passive declaration, which needs no permission. Where the user may not declare, an existing
 * exchange or queue is assumed to be right.
 */
export async function ensureTopology(model: ChannelModel, topology: Topology): Promise<readonly TopologyProblem[]> {
  const trial = new TrialChannel(model);
  const problems: TopologyProblem[] = [];
  const note = (name: string, detail: string, isAccepted = false) => void problems.push({ name, detail, isAccepted });
  const forms = queueForms(majorVersionOf(model));

  const ensure = async (name: string, look: Declaration, accepted: readonly Declaration[]) => {
    const missing = await trial.attempt(look);
    if (missing?.code === NOT_FOUND) {
      const refusal = await trial.attempt(accepted[0] as Declaration);
      if (refusal) note(name, `is missing and cannot be declared: ${refusal.message}`);
      return;
    }
    if (missing) return note(name, missing.message);
    let refusal: BrokerRefusal | undefined;
    for (const [form, declare] of accepted.entries()) {
      refusal = await trial.attempt(declare);
      if (refusal?.code === ACCESS_REFUSED) return;
      if (refusal === undefined) return form === 0 ? undefined : note(name, OF_RABBITMQ_3, true);
    }
    if (refusal) note(name, `is used as it is, but differs from the declaration: ${refusal.message}`);
  };
  const ensureExchange = (name: string, type: string) =>
    ensure(name, (channel) => channel.checkExchange(name), [
      (channel) => channel.assertExchange(name, type, { durable: true }),
    ]);
  const ensureQueue = (name: string, more: object = {}) =>
    ensure(
      name,
      (channel) => channel.checkQueue(name),
      forms.map((form) => (channel) => channel.assertQueue(name, form(more))),
    );
  const bind = async (queue: string, exchange: string, key: string) => {
    const refusal = await trial.attempt((channel) => channel.bindQueue(queue, exchange, key));
    if (refusal && refusal.code !== ACCESS_REFUSED) note(queue, `is not bound for ${key}: ${refusal.message}`);
  };

  try {
    await ensureExchange(topology.exchange, 'topic');
    await ensureExchange(topology.deadLetterExchange, 'direct');
    for (const { name, bindings, deadLetterQueue } of topology.queues) {
      if (deadLetterQueue !== undefined) {
        await ensureQueue(deadLetterQueue);
        await bind(deadLetterQueue, topology.deadLetterExchange, deadLetterQueue);
      }
      const deadLetters = deadLetterQueue && {
        'x-dead-letter-exchange': topology.deadLetterExchange,
        'x-dead-letter-routing-key': deadLetterQueue,
      };
      await ensureQueue(name, deadLetters || {});
      for (const binding of bindings) await bind(name, topology.exchange, binding);
    }
  } finally {
    await trial.close();
  }
  return problems;
}

/** Accepted declarations of a queue: the one for this version of RabbitMQ, then the one of RabbitMQ 3. */
function queueForms(brokerMajorVersion: number) {
  const form = (limits: object) => (more: object) => {
    const options: Options.AssertQueue = {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', ...limits, ...more },
    };
    return options;
  };
  return brokerMajorVersion >= 4 ? [form(UNLIMITED_RETURNS), form({})] : [form({})];
}

type Declaration = (channel: Channel) => Promise<unknown>;

/** The broker's reason for a refusal: an AMQP reply code and its text. */
interface BrokerRefusal {
  readonly code: number | undefined;
  readonly message: string;
}

/** A channel for declarations that the broker may refuse. A refusal ends the channel; the next attempt opens another. */
class TrialChannel {
  readonly #model: ChannelModel;
  #channel: Channel | undefined;

  constructor(model: ChannelModel) {
    this.#model = model;
  }

  /** Resolves with the broker's refusal, or with undefined on success. */
  async attempt(declaration: Declaration): Promise<BrokerRefusal | undefined> {
    const channel = await this.#open();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<BrokerRefusal>((resolve) => {
      const message = 'the broker does not answer: the queue may have no leader';
      timer = setTimeout(() => resolve({ code: undefined, message }), ANSWER_TIMEOUT_MS);
    });
    try {
      const refusal = await Promise.race([declaration(channel).then(() => undefined), tooLate]);
      if (refusal) this.#channel = undefined;
      return refusal;
    } catch (error) {
      this.#channel = undefined;
      const { code, message } = error as Error & { code?: unknown };
      if (typeof code !== 'number') throw error;
      return { code, message: message.replace(/^.* with message /, '') };
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#channel?.close().catch(() => undefined);
  }

  async #open(): Promise<Channel> {
    if (this.#channel === undefined) {
      this.#channel = await this.#model.createChannel();
      // Without a listener, a refusal would end the process.
      this.#channel.on('error', () => undefined);
    }
    return this.#channel;
  }
}
