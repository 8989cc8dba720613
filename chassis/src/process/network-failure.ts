/** Why TLS does not trust a certificate, by OpenSSL's code (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_FAILURES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of no authority that is trusted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of no authority that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of no authority that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of no authority that is trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of no authority that is trusted here',
};

const NETWORK_FAILURES: Readonly<Record<string, string>> = {
  ...CERTIFICATE_FAILURES,
  ECONNREFUSED: 'nothing listens at its address',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its host',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
};

/** What stands between this process and a server, in words that hold neither addresses nor names; undefined if unknown. */
export function networkFailure(error: unknown): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as Error & { code?: unknown };
    if (typeof code === 'string' && NETWORK_FAILURES[code] !== undefined) return NETWORK_FAILURES[code];
    if (cause instanceof AggregateError) {
      const inner = cause.errors.map(networkFailure).find((words) => words !== undefined);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}
