export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ShopApi {
  isReady(side: 'command' | 'query'): Promise<boolean>;
  post(path: string, body: unknown): Promise<Answer>;
  command(path: string): Promise<{ status: number; body: unknown }>;
  query(path: string): Promise<{ status: number; body: unknown; next: string | undefined }>;
}

const TIMEOUT_MS = 10_000;

/** A client of the suite's HTTP API. `post` answers status 0 if the service cannot be reached. */
export function createShopApi(commandUrl: string, queryUrl: string): ShopApi {
  return {
    isReady: (side) =>
      get(`${side === 'command' ? commandUrl : queryUrl}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    post: async (path, body) => {
      try {
        const response = await fetch(commandUrl + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        return { status: response.status, body: (await response.json()) as Answer['body'] };
      } catch {
        return { status: 0, body: {} };
      }
    },
    command: (path) => get(commandUrl + path),
    query: (path) => get(queryUrl + path),
  };
}

async function get(url: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const next = /<(.*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  return { status: response.status, body: await response.json(), next };
}
