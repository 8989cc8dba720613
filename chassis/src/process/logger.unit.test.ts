import { expect, test } from '@jest/globals';
import { redactUrls } from './redact-urls.js';

test.each([
  ['connect to postgres://postgres:geheim@db:5432/x failed', 'connect to postgres://postgres:***@db:5432/x failed'],
  ['amqp://guest:guest@127.0.0.1:5672, amqps://a:b@c', 'amqp://guest:***@127.0.0.1:5672, amqps://a:***@c'],
  ['amqp://shop:p@ss:w0rd@broker', 'amqp://shop:***@broker'],
  ['postgres://db/x?user=me&password=geheim&ssl=true', 'postgres://db/x?user=me&password=***&ssl=true'],
  ['http://127.0.0.1:8080/docs', 'http://127.0.0.1:8080/docs'],
])('%s: only the password goes', (text, shown) => {
  expect(redactUrls(text)).toBe(shown);
});
