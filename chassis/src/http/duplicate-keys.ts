/** An open object with the names seen so far, or an open array. `at` is the current name or index. */
interface Level {
  readonly names: Set<string> | undefined;
  at: string | number;
}

/** Matches in valid JSON: a string, with its colon if it is a name; the begin or end of a container; a comma. */
const TOKEN = /"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{},]/g;

/**
 * Returns the path of the first name that an object has twice, or undefined. The text must be valid JSON. Parsers
 * disagree about which of the two counts (RFC 8259, section 4), and JSON.parse silently takes the last. The libraries
 * that report duplicates would slow down every request, so this is our own code.
 */
export function findDuplicateKey(text: string): (string | number)[] | undefined {
  const levels: Level[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{') levels.push({ names: new Set(), at: '' });
    else if (token === '[') levels.push({ names: undefined, at: 0 });
    else if (token === '}' || token === ']') levels.pop();
    else if (level === undefined) continue;
    else if (token === ',') {
      if (typeof level.at === 'number') level.at += 1;
    } else if (level.names !== undefined && token.endsWith(':')) {
      level.at = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1));
      if (level.names.has(String(level.at))) return levels.map(({ at }) => at);
      level.names.add(String(level.at));
    }
  }
  return undefined;
}
