import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Nothing but what this origin serves: no inline script or style, no other host. Nothing is upgraded to HTTPS, because
 * a phone on the shop's network reads the page over plain HTTP; TLS belongs to whatever proxy stands in front.
 */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    manifestSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** helmet's headers are the same for every answer, so its dozen middlewares run once, not once per request. */
export function securityHeaders(): RequestHandler {
  const fixed = new Map<string, string>();
  const recorder = {
    setHeader: (name: string, value: string) => fixed.set(name, value),
    removeHeader: () => undefined,
  } as unknown as ServerResponse;
  helmet({ contentSecurityPolicy, strictTransportSecurity: false })({} as IncomingMessage, recorder, (error) => {
    if (error) throw error;
  });
  return (_request, response, next) => {
    for (const [name, value] of fixed) response.setHeader(name, value);
    next();
  };
}
