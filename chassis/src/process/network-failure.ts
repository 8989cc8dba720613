/** Reasons to reject a certificate, by code (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_FAILURES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not from a trusted authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not from a trusted authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is not from a trusted authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not from a trusted authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not from a trusted authority',
};

const NETWORK_FAILURES: Readonly<Record<string, string>> = {
  ...CERTIFICATE_FAILURES,
  ECONNREFUSED: 'nothing listens at its address',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its host cannot be reached',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
};

/** Describes a network error without addresses or names, so that it may be shown to anybody; undefined if unknown. */
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
