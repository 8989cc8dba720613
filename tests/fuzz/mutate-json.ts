import fc from 'fast-check';
import { oddJson, oddName } from './odd-values.js';

const kinds = ['drop', 'replace', 'rename', 'repeat', 'add', 'wrap', 'as text'] as const;

interface Mutation {
  readonly kind: (typeof kinds)[number];
  /** Chooses the place that is changed. Counting starts again at the first place when the document has fewer places. */
  readonly place: number;
  readonly value: unknown;
  readonly name: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...kinds),
  place: fc.nat({ max: 1000 }),
  value: oddJson,
  name: oddName,
});

/** Generates a JSON document with one to three mutations at random places. */
export function mutated(document: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(document, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([valid, mutations]) => mutations.reduce(apply, valid));
}

type Place = { readonly container: object; readonly key: string };

function apply(document: unknown, { kind, place, value, name }: Mutation): unknown {
  const root = { document: structuredClone(document) };
  const places = placesOf(root);
  const chosen = places[place % places.length];
  if (chosen === undefined) return value;
  const { container, key } = chosen;
  const inner: unknown = Reflect.get(container, key);
  const put = (at: string, what: unknown) =>
    Object.defineProperty(container, at, { value: what, enumerable: true, configurable: true, writable: true });
  if (kind === 'replace') put(key, value);
  else if (kind === 'wrap') put(key, [inner]);
  else if (kind === 'as text') put(key, String(JSON.stringify(inner)));
  else if (Array.isArray(container)) {
    container.splice(Number(key), 1, ...(kind === 'drop' ? [] : kind === 'repeat' ? [inner, inner] : [inner, value]));
  } else if (container !== root) {
    if (kind === 'add' || kind === 'rename') put(name, kind === 'add' ? value : inner);
    if (kind === 'rename' || kind === 'drop') Reflect.deleteProperty(container, key);
  }
  return root.document;
}

function placesOf(container: object): Place[] {
  return Object.entries(container).flatMap(([key, inner]) => [
    { container, key },
    ...(typeof inner === 'object' && inner !== null ? placesOf(inner) : []),
  ]);
}
