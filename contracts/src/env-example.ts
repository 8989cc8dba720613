import { environment } from './environment.js';

const LINE_LENGTH = 128;

const HEADER =
  'Every variable of the suite with its default. To change one, copy this file to .env and edit it; otherwise no .env is needed. ' +
  '`npm start`, the services, the commands and `docker compose` read .env. Compose also reads DEMO_HISTORY_DAYS (30) and ' +
  'DEMO_RATE (2). `npm run docs` writes this file from contracts/src/environment.ts.';

/** The text of `.env.example`. */
export function envExample(): string {
  const settings = Object.entries(environment.shape).map(([name, setting]) => {
    const line = `${name}=${setting.parse(undefined)}\n`;
    return setting.description === undefined ? line : `\n${comment(setting.description)}${line}`;
  });
  return comment(HEADER) + settings.join('');
}

function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > LINE_LENGTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].map((one) => `${one}\n`).join('');
}
