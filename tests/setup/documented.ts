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
/** Headers that carry a part of the answer. An answer may have them only where its OpenAPI document names them. */
const ANSWER_HEADERS = ['consistency-token', 'consistency-status', 'idempotent-replayed', 'link', 'retry-after'];

const validators = new Map<string, ValidateFunction>();

/** Throws unless the committed OpenAPI documents describe this answer. Every request of an end-to-end test passes here. */
export function assertDocumented(
  method: string,
  url: string,
  answer: { status: number; headers: Headers; body: unknown },
  services: readonly string[] = documentNames,
) {
  // `new URL` would normalise a path such as /a/../b, which was sent as it is.
  const [path = '/'] = url.replace(/^https?:\/\/[^/]*/, '').split('?');
  const sentHeaders = ANSWER_HEADERS.filter((name) => answer.headers.has(name));
  const where = [`${method} ${path} answered ${answer.status}`, ...sentHeaders].join(' with ');
  const pointer = pointerOf(method.toLowerCase(), path, answer, services);
  if (pointer === undefined) throw new Error(`${where}, which its OpenAPI document does not describe`);
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: pointer });
  validators.set(pointer, validate);
  if (!validate(answer.body))
    throw new Error(`${where}, which differs from its OpenAPI document: ${ajv.errorsText(validate.errors)}`);
}

function pointerOf(
  method: string,
  path: string,
  { status, headers }: { status: number; headers: Headers },
  services: readonly string[],
) {
  const mediaType = headers.get('content-type')?.split(';')[0] ?? '';
  let isKnownPath = false;
  for (const { name, document } of documents.filter(({ name }) => services.includes(name))) {
    for (const [template, operations] of Object.entries(document.paths)) {
      if (!new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)) continue;
      isKnownPath = true;
      const response = operations[method]?.responses[status];
      const ref = response?.$ref ?? `#/paths/${escaped(template)}/${method}/responses/${status}`;
      const resolved = response?.$ref ? document.components.responses[response.$ref.split('/').at(-1) ?? ''] : response;
      const hasHeaders = ANSWER_HEADERS.every((name) => !headers.has(name) || resolved?.headers?.[name]);
      if (resolved?.content?.[mediaType] && hasHeaders) return `${name}${ref}/content/${escaped(mediaType)}/schema`;
    }
  }
  // These refusals belong to no operation: an unknown path, a wrong method, a path with a malformed percent-encoding.
  const belongsNowhere = (status === 404 && !isKnownPath) || status === 405 || (status === 400 && !canDecode(path));
  return belongsNowhere ? 'query-service#/components/schemas/Problem' : undefined;
}

function canDecode(path: string): boolean {
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
