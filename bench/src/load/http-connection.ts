import { connect } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The value of a header, or an empty string. */
  header(name: string): string;
}

export interface HttpConnection {
  /** Sends a rendered request. The next one may be sent when this one has been answered. */
  exchange(request: string | Buffer): Promise<HttpAnswer>;
  close(): void;
}

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const END_OF_HEADERS = Buffer.from('\r\n\r\n');
/** The position of the status in "HTTP/1.1 201". */
const STATUS_AT = 9;

/**
 * Opens a connection that is kept. It needs little processor time, because it runs on the cores that are measured: a general
 * client would take more of them than it leaves to the services.
 */
export function connectHttp(url: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let onAnswer: (answer: HttpAnswer) => void = () => undefined;
    let onFailure: (error: Error) => void = reject;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.on('connect', () =>
      resolve({
        exchange: (request) =>
          new Promise((answered, failed) => {
            onAnswer = answered;
            onFailure = failed;
            socket.write(request);
          }),
        close: () => socket.end(),
      }),
    );
    socket.on('error', (error) => onFailure(error));
    socket.on('close', () => onFailure(new Error(`${url} closed the connection`)));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const end = received.indexOf(END_OF_HEADERS);
      if (end < 0) return;
      const bodyAt = end + END_OF_HEADERS.length;
      const head = received.toString('latin1', 0, end);
      const header = (name: string) => new RegExp(`\\r\\n${name}: *(.*)`, 'i').exec(head)?.[1] ?? '';
      const length = Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
      if (received.length < bodyAt + length) return;
      const answer = {
        status: Number(head.slice(STATUS_AT, STATUS_AT + 3)),
        header,
        body: received.toString('utf8', bodyAt, bodyAt + length),
      };
      received = received.subarray(bodyAt + length);
      onAnswer(answer);
    });
  });
}

/** Renders a request as text, so that it can be sent many times. */
export function renderRequest(
  url: string,
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const all = {
    host: new URL(url).host,
    ...headers,
    ...(body !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
