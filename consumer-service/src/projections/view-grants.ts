import { views } from './index.js';

/**
 * The rights that consumer-service needs on the tables of the views. They are read from the upserts, so that a new view gets
 * exactly the rights that its statement uses.
 */
export function viewGrants(): string {
  const texts = views.flatMap((view) => {
    const { with: earlier = {}, sql } = view.upsert([]);
    return [...Object.values(earlier), sql];
  });
  const grant = (rights: string, isGranted: (text: string) => boolean) => {
    const tables = texts.filter(isGranted).map((text) => /INSERT INTO (\w+)/.exec(text)?.[1]);
    return `GRANT ${rights} ON\n  ${tables.sort().join(',\n  ')}\n  TO consumer_service;\n`;
  };
  const updates = (text: string) => text.includes('DO UPDATE');
  return [
    '-- `npm run docs` writes this file from the declarations of the views. Run it after the statements of grants.md.\n',
    grant('SELECT, INSERT, UPDATE', updates),
    grant('SELECT, INSERT', (text) => !updates(text)),
  ].join('');
}
