import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { openSuite } from '../setup/suite.js';
import { readWriteState } from './write-side.js';

const suite = await openSuite();

/** Sends bytes and returns what the service answers until it closes the connection. `andEnd` closes our side after the bytes. */
function exchange(url: string, bytes: string, { andEnd }: { andEnd: boolean }): Promise<string> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () =>
      socket[andEnd ? 'end' : 'write'](Buffer.from(bytes, 'latin1')),
    );
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const host = 'Host: x\r\nConnection: close\r\n';
const post = `POST /api/products HTTP/1.1\r\n${host}Content-Type: application/json\r\n`;
const body = '{"name":"Pen","category":"Office","price":2.5,"stock":10}';

const requests: [string, string, number][] = [
  ['no host', 'GET /api/products HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ['two hosts', `GET /api/products HTTP/1.1\r\nhost: y\r\n${host}\r\n`, 400],
  ['no HTTP in its bytes', 'hello\r\n\r\n', 400],
  ['an unknown version', `GET /api/products HTTP/9.9\r\n${host}\r\n`, 400],
  ['an unknown method', `FETCH /api/products HTTP/1.1\r\n${host}\r\n`, 400],
  ['a control character in a header', `GET /api/products HTTP/1.1\r\n${host}X: a\u0000b\r\n\r\n`, 400],
  ['a space in its path', `GET /api/pro ducts HTTP/1.1\r\n${host}\r\n`, 400],
  ['a byte beyond ASCII in its path', `GET /api/pr\u00e9 HTTP/1.1\r\n${host}\r\n`, 400],
  ['20 kB of headers', `GET /api/products HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['two lengths', `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${body}`, 400],
  ['a length and chunks', `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a length in hexadecimal', `${post}Content-Length: 0x10\r\n\r\n${body}`, 400],
  ['less body than its length says', `${post}Content-Length: 100\r\n\r\n${body}`, 400],
  ['a chunk without a size', `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`, 400],
  ['a length above the limit', `${post}Content-Length: 99999999\r\n\r\n{}`, 413],
  ['bytes that are not UTF-8', `${post}Content-Length: 10\r\n\r\n{"name":"\xe9`, 400],
  ['an unknown expectation', `${post}Expect: a-miracle\r\nContent-Length: 2\r\n\r\n{}`, 400],
];

describe('malformed HTTP', () => {
  test.each(requests)(
    'a request with %s is refused as documented and changes nothing',
    async (_name, bytes, status) => {
      const before = await readWriteState(suite.write);
      for (const { url } of [suite.command, suite.query]) {
        const answer = await exchange(url, bytes, { andEnd: true });
        if (url === suite.query.url && bytes.startsWith('POST') && !answer.startsWith(`HTTP/1.1 ${status}`)) {
          expect(answer).toMatch(/^HTTP\/1\.1 405 /);
          continue;
        }
        const [head = '', text = ''] = answer.split('\r\n\r\n');
        expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
        expect(head.toLowerCase()).toContain('content-type: application/problem+json');
        expect(JSON.parse(text)).toMatchObject({ type: expect.stringMatching(/^urn:tallyline:problem:/), status });
      }
      expect(await readWriteState(suite.write)).toEqual(before);
    },
  );

  test('a request target with a host is served by its path, or refused', async () => {
    for (const target of [
      'http://x/api/products',
      'http://x:99999999/api/products',
      'http://[::1/api/products',
      'http:///',
      '*',
    ]) {
      const answer = await exchange(suite.query.url, `GET ${target} HTTP/1.1\r\n${host}\r\n`, { andEnd: false });
      expect([target, answer.slice(0, 12)]).toEqual([target, expect.stringMatching(/^HTTP\/1\.1 (?:200|400|404)$/)]);
    }
  });
});
