// Behind a proxy the service may have a base path. The document cannot know it, but the address of this page does.
const base = new URL('.', location.href);

const response = await fetch(new URL('openapi.json', base));
globalThis.SwaggerUIBundle({
  spec: { ...(await response.json()), servers: [{ url: base.href }] },
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  // The default is a badge of another host.
  validatorUrl: 'none',
});
