import { networkFailure } from '../process/network-failure.js';
import { databaseError } from './errors.js';

/** By SQLSTATE: https://www.postgresql.org/docs/17/errcodes-appendix.html */
const FAILURES: Readonly<Record<string, string>> = {
  '25006': 'it takes no writes (read-only)',
  '28000': 'it does not let this role log in',
  '28P01': 'it refuses the user name or the password',
  '3D000': 'the database does not exist',
  '42501': 'the role lacks a permission',
  '42703': 'a column is missing: apply the schema',
  '42P01': 'a table is missing: apply the schema',
  '53100': 'its disk is full',
  '53200': 'it has no memory left',
  '53300': 'it has no connection left',
  '57014': 'it does not answer in time',
  '57P01': 'it is shutting down',
  '57P03': 'it is starting up',
};

/** Describes a database failure without addresses, names or values, so that it may be shown to anybody. */
export function databaseFailure(error: unknown): string {
  const network = networkFailure(error);
  if (network !== undefined) return network;
  const code = databaseError(error)?.code;
  if (code !== undefined) return FAILURES[code] ?? `it answers with SQLSTATE ${code}`;
  const message = error instanceof Error ? error.message : '';
  return /timeout|timed out/i.test(message) ? 'it does not answer in time' : 'it cannot be reached';
}
