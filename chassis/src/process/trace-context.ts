import { takeRandomBytes } from './random-bytes.js';

/** W3C Trace Context, version 00: `00-<trace id>-<parent id>-<flags>`. https://www.w3.org/TR/trace-context/ */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Returns the sender's trace context if it is valid, otherwise a new one. */
export function traceparentOf(header: string | undefined): string {
  if (header !== undefined && TRACEPARENT.test(header)) return header;
  const random = takeRandomBytes(24);
  return `00-${random.toString('hex', 0, 16)}-${random.toString('hex', 16)}-01`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
