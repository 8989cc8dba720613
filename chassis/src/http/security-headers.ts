import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Allows only what this origin serves: no inline script or style, and no other host. Requests are not upgraded to
 * HTTPS, because pages are read over plain HTTP in a local network. TLS is the job of a proxy in front.
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

/** helmet's headers are the same for every answer, so its middlewares run only once. */
export const securityHeaders: Readonly<Record<string, string>> = recordHeaders();

function recordHeaders(): Record<string, string> {
  const fixed: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => {
      fixed[name] = value;
    },
    removeHeader: () => undefined,
  } as unknown as ServerResponse;
  helmet({ contentSecurityPolicy, strictTransportSecurity: false })({} as IncomingMessage, recorder, (error) => {
    if (error) throw error;
  });
  return fixed;
}

/** Sets the headers for pages and their files. `sendJson` passes them to `writeHead` instead, which is cheaper. */
export const setSecurityHeaders: RequestHandler = (_request, response, next) => {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  next();
};
