import { alterTable, statementsOf, unquoted } from './read-statements.js';

/**
 * The columns that are known to have no NULL, because a CHECK (column IS NOT NULL) was added and then validated. SET NOT NULL
 * uses such a constraint instead of reading the table.
 */
export class NotNullChecks {
  readonly #named = new Map<string, string>();
  readonly #validated = new Set<string>();

  /** Reads a file after all earlier ones and returns the columns that are proved so far. */
  read(sql: string): ReadonlySet<string> {
    for (const statement of statementsOf(sql)) {
      const alter = alterTable(statement);
      if (alter === undefined) continue;
      for (const action of alter.actions) {
        const [, added, column] =
          /^ADD\s+CONSTRAINT\s+(\S+)\s+CHECK\s*\(\s*\(*\s*(\S+?)\s+IS\s+NOT\s+NULL\s*\)+/i.exec(action) ?? [];
        if (added !== undefined)
          this.#named.set(`${alter.table}.${unquoted(added)}`, `${alter.table}.${unquoted(column)}`);
        const [, validated] = /^VALIDATE\s+CONSTRAINT\s+(\S+)/i.exec(action) ?? [];
        const proved = this.#named.get(`${alter.table}.${unquoted(validated)}`);
        if (validated !== undefined && proved !== undefined) this.#validated.add(proved);
      }
    }
    return new Set(this.#validated);
  }
}
