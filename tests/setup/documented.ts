import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const documentNames = ['command-service', 'query-service'] as const;

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: Record<string, Answers> }>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Answers>> };
}
interface Answers {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

export function committedDocument(name: string): OpenApi {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../../docs/openapi/${name}.json`, import.meta.url)), 'utf8'));
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
const documents = documentNames.map((name) => {
  const document = committedDocument(name);
  ajv.addSchema(document, name);
  return { name, document };
});
/** Headers that say something of this answer, and are part of it as the body is. */
const TELLING_HEADERS = ['consistency-token', 'consistency-status', 'idempotent-replayed', 'link', 'retry-after'];

const validators = new Map<string, ValidateFunction>();

/** Throws unless the answer is one that the committed documentation describes: every end-to-end test checks it in passing. */
export function assertDocumented(
  method: string,
  url: string,
  answer: { status: number; headers: Headers; body: unknown },
  services: readonly string[] = documentNames,
) {
  // Not by URL, which would mend a path such as /a/../b that was sent as it is.
  const [path = '/'] = url.replace(/^https?:\/\/[^/]*/, '').split('?');
  const telling = TELLING_HEADERS.filter((name) => answer.headers.has(name));
  const where = [`${method} ${path} answered ${answer.status}`, ...telling].join(' with ');
  const pointer = pointerOf(method.toLowerCase(), path, answer, services);
  if (pointer === undefined) throw new Error(`${where}, which its OpenAPI document does not describe`);
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: pointer });
  validators.set(pointer, validate);
  if (!validate(answer.body)) throw new Error(`${where}, unlike its document: ${ajv.errorsText(validate.errors)}`);
}

function pointerOf(
  method: string,
  path: string,
  { status, headers }: { status: number; headers: Headers },
  services: readonly string[],
) {
  const mediaType = headers.get('content-type')?.split(';')[0] ?? '';
  let known = false;
  for (const { name, document } of documents.filter(({ name }) => services.includes(name))) {
    for (const [template, operations] of Object.entries(document.paths)) {
      if (!new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)) continue;
      known = true;
      const response = operations[method]?.responses[status];
      const ref = response?.$ref ?? `#/paths/${escaped(template)}/${method}/responses/${status}`;
      const resolved = response?.$ref ? document.components.responses[response.$ref.split('/').at(-1) ?? ''] : response;
      const hasHeaders = TELLING_HEADERS.every((name) => !headers.has(name) || resolved?.headers?.[name]);
      if (resolved?.content?.[mediaType] && hasHeaders) return `${name}${ref}/content/${escaped(mediaType)}/schema`;
    }
  }
  // Refusals that belong to no operation: no such path, or not with this method, or a path that encodes nothing.
  const nowhere = (status === 404 && !known) || status === 405 || (status === 400 && !decodes(path));
  return nowhere ? 'query-service#/components/schemas/Problem' : undefined;
}

function decodes(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
