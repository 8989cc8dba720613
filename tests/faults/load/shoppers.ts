import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@tallyline/local/testing/eventually';
import type { World } from '../world/world.js';
import { send } from './send.js';
import { newRequest, type Product, type ShopRequest } from './shop-request.js';
import { newPurchase, sendPurchase, type TillPurchase } from './till.js';

export interface Shoppers {
  readonly products: readonly Product[];
  readonly requests: readonly ShopRequest[];
  /** Purchases that the tills sent. */
  readonly purchases: readonly TillPurchase[];
  accepted(): number;
  /** Adds a request that a fault sends, so that the oracle checks it with the others. */
  adopt(request: ShopRequest): void;
  /** Resolves when `count` more orders were accepted. */
  moreAccepted(count: number, timeoutMs?: number): Promise<void>;
  /** Sends no new requests until `resume`. Resolves when the running ones are done. */
  pause(): Promise<void>;
  resume(): void;
  /** Sends no new requests. Resolves when the running ones have a final answer or have given up. */
  stop(): Promise<void>;
}

const CLIENTS = 6;
const TILLS = 2;
/** This gives a few purchases a second, so that some are running when a fault strikes. */
const TILL_PAUSE_MS = 100;
/** This gives about 200 orders a second: some are always running, and two cores suffice. */
const THINK_MS = 15;
const RETRY_MS = 50;
/** Share of the clients that leave before the answer and do not send the request again. */
const WALKS_AWAY_PROBABILITY = 0.03;
const WALKS_AWAY_AFTER_MS = 8;
const GIVES_UP_AFTER_MS = 30_000;

/** Starts clients that buy until they are stopped. They repeat a request with the same key until it has a final answer. */
export function startShoppers(world: World, products: readonly Product[]): Shoppers {
  const requests: ShopRequest[] = [];
  const purchases: TillPurchase[] = [];
  let isOpen = true;

  const shop = async (client: number) => {
    const random = world.random.fork(`client ${client} from ${requests.length}`);
    while (isOpen) {
      const request = newRequest(random, products);
      const walksAway = random.chance(WALKS_AWAY_PROBABILITY);
      requests.push(request);
      await askUntilKnown(request, walksAway, random.int(0, WALKS_AWAY_AFTER_MS));
      await delay(random.int(0, 2 * THINK_MS));
    }
  };
  const askUntilKnown = async (request: ShopRequest, walksAway: boolean, patienceMs: number) => {
    const giveUpAt = Date.now() + GIVES_UP_AFTER_MS;
    while (Date.now() < giveUpAt) {
      const services = world.services('command-service');
      const service = services[(request.attempts + request.customerId) % Math.max(1, services.length)];
      if (service === undefined) {
        await delay(RETRY_MS);
        continue;
      }
      const next = await send(request, service.process.url, walksAway ? patienceMs : undefined);
      if (next === 'done' || walksAway || request.key === undefined) return;
      await delay(RETRY_MS);
    }
  };
  const till = async (pos: number) => {
    const random = world.random.fork(`till ${pos} from ${purchases.length}`);
    let customer: string | undefined;
    while (isOpen) {
      const purchase = newPurchase(random, products, random.chance(0.5) ? customer : undefined);
      purchases.push(purchase);
      const giveUpAt = Date.now() + GIVES_UP_AFTER_MS;
      while (purchase.outcome === 'unknown' && Date.now() < giveUpAt) {
        const services = world.services('command-service');
        const service = services[(purchase.attempts + pos) % Math.max(1, services.length)];
        if (service) customer = (await sendPurchase(purchase, service.process.url)) ?? customer;
        await delay(random.int(0, TILL_PAUSE_MS));
      }
    }
  };
  const openShop = () => {
    isOpen = true;
    const clients = Array.from({ length: CLIENTS }, (_, client) => shop(client));
    ended = Promise.all([...clients, ...Array.from({ length: TILLS }, (_, pos) => till(pos))]);
  };
  const closeShop = async () => {
    isOpen = false;
    await ended;
  };
  let ended: Promise<unknown> = Promise.resolve();
  openShop();
  const accepted = () => requests.reduce((sum, { outcome }) => sum + (outcome === 'accepted' ? 1 : 0), 0);

  return {
    products,
    requests,
    purchases,
    accepted,
    adopt: (request) => void requests.push(request),
    moreAccepted: async (count, timeoutMs = 30_000) => {
      const wanted = accepted() + count;
      await eventually(
        () => {
          if (accepted() < wanted) throw new Error(`no orders are accepted any more (${accepted()} of ${wanted})`);
        },
        { timeoutMs },
      );
    },
    pause: closeShop,
    resume: openShop,
    stop: closeShop,
  };
}
