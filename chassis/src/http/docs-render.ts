import type { OpenApiDocument } from './openapi.js';

/** Only what the page shows of a document that this package has made itself. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}
interface Content {
  readonly description?: string;
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

/** The reference as one static page: no script, so it works offline and under the strictest policy. */
export function renderDocs(document: OpenApiDocument): string {
  const { title, description = '', version } = document.info;
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ''))];
  const sections = tags.map((tag) => {
    const shown = operations.filter(({ operation }) => operation.tags[0] === tag);
    return `<section><h2>${escaped(tag)}</h2>${shown.map((one) => article(document, one)).join('')}</section>`;
  });
  const links = operations.map(
    ({ path, method, operation }) =>
      `<li><a href="#${operation.operationId}"><b>${method.toUpperCase()}</b> ${escaped(path)}</a></li>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/docs.css"></head><body>
<header><h1>${escaped(title)}</h1><p>${escaped(description)}</p><p>Version ${escaped(version)}, <a href="/openapi.json">OpenAPI 3.1</a></p></header>
<div class="columns"><nav aria-label="Calls"><ul>${links.join('')}</ul></nav><main>${sections.join('')}</main></div></body></html>`;
}

function article(document: OpenApiDocument, one: { path: string; method: string; operation: Operation }): string {
  const { operation, method, path } = one;
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, required, schema }) =>
      `<li><code>${escaped(name)}</code> <i>${place}${required ? ', required' : ''}</i> ${shape(document, schema)}</li>`,
  );
  const body = operation.requestBody ? `<h4>Body</h4>${contents(document, operation.requestBody)}` : '';
  const answers = Object.entries(operation.responses).map(
    ([status, answer]) => `<dt class="s${status[0]}">${status}</dt><dd>${contents(document, answer)}</dd>`,
  );
  return `<article id="${operation.operationId}"><h3><b class="${method}">${method.toUpperCase()}</b> <code>${escaped(path)}</code></h3>
<p>${escaped(operation.summary)}</p>${operation.description ? `<p>${escaped(operation.description)}</p>` : ''}
${parameters.length > 0 ? `<h4>Parameters</h4><ul>${parameters.join('')}</ul>` : ''}${body}
<h4>Answers</h4><dl>${answers.join('')}</dl></article>`;
}

function contents(document: OpenApiDocument, given: Content): string {
  const content = given.$ref === undefined ? given : resolve<Content>(document, given.$ref);
  const types = Object.entries(content.content ?? {}).map(([type, { schema }]) => {
    // A problem looks the same everywhere; its shape stands in the document once.
    if (schema === undefined || type === 'application/problem+json') return ` <small>${escaped(type)}</small>`;
    return ` <small>${escaped(type)}</small> ${shape(document, schema)}`;
  });
  return escaped(content.description ?? '') + types.join('');
}

function shape(document: OpenApiDocument, schema: Schema): string {
  if (schema.$ref !== undefined) return shape(document, resolve<Schema>(document, schema.$ref));
  const note = schema.description ? `: ${escaped(schema.description)}` : '';
  if (schema.anyOf) return schema.anyOf.map((one) => shape(document, one)).join(' or ') + note;
  if (schema.enum) return schema.enum.map((value) => `<code>${escaped(JSON.stringify(value))}</code>`).join(' | ');
  if (schema.const !== undefined) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  if (schema.items) return `list${limits(schema)} of ${shape(document, schema.items)}`;
  if (schema.properties) {
    const required = new Set(schema.required);
    const rows = Object.entries(schema.properties).map(
      ([name, of]) =>
        `<li><code>${escaped(name)}</code>${required.has(name) ? '' : ' <i>optional</i>'} ${shape(document, of)}</li>`,
    );
    return `<ul class="object">${rows.join('')}</ul>`;
  }
  const type = [schema.type ?? 'anything'].flat().join(' or ');
  return `${escaped(schema.format ?? type)}${limits(schema)}${note}`;
}

function limits(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const from = minimum ?? minLength ?? minItems;
  const to = maximum ?? maxLength ?? maxItems;
  const range = from === undefined && to === undefined ? '' : ` <small>${from ?? ''} … ${to ?? ''}</small>`;
  return (
    range + (schema.default === undefined ? '' : ` <small>default ${escaped(JSON.stringify(schema.default))}</small>`)
  );
}

function resolve<T>(document: OpenApiDocument, ref: string): T {
  const parts = ref.replace('#/', '').split('/');
  return parts.reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], document) as T;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
