import { networkFailure } from '../process/network-failure.js';

/** Describes why there is no connection to the broker, in words that may be shown to anybody. */
export function brokerFailure(error: unknown): string {
  const network = networkFailure(error);
  if (network !== undefined) return network;
  const message = error instanceof Error ? error.message : String(error);
  if (/ACCESS.REFUSED.*(?:login|authentication)/i.test(message)) return 'it refuses the user name or the password';
  // The library reports a refused virtual host as an unexpected answer.
  if (/NOT.ALLOWED|Expected ConnectionOpenOk; got <ConnectionClose/i.test(message))
    return 'it has no such virtual host, or the user may not enter it';
  if (/ACCESS.REFUSED/i.test(message)) return 'the user lacks a permission';
  if (/NOT.FOUND/i.test(message)) return 'an exchange or a queue is missing';
  if (/timeout|timed out|unanswered/i.test(message)) return 'it does not answer';
  return 'the connection was lost';
}
