import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';

const kept = fileURLToPath(new URL('./screenshots/', import.meta.url));

/** `UPDATE_SCREENSHOTS=1 npm run test:browser` keeps what is seen now. */
export const isUpdating = process.env.UPDATE_SCREENSHOTS === '1';

/** Of all pixels. A moved line or a lost bar is more; another version of the browser smooths letters in another way, and less. */
const MOST_DIFFERENT = 0.01;

/** The same letters on every machine: the page itself takes the system's. */
const require = createRequire(import.meta.url);
const fontFaces = [400, 600, 700].map((weight) => {
  const file = require.resolve(`@fontsource/noto-sans/files/noto-sans-latin-${weight}-normal.woff2`);
  const data = readFileSync(file).toString('base64');
  return `@font-face { font-family: Kept; font-weight: ${weight}; src: url(data:font/woff2;base64,${data}); }`;
});
const style = `${fontFaces.join('\n')} body, body :is(button, code) { font-family: Kept !important; }`;

export async function useKeptFont(page: Page): Promise<void> {
  await page.addStyleTag({ content: style });
  await page.evaluate(() => document.fonts.ready);
}

/** Throws when the page looks otherwise than the kept screenshot of this name, and says where both are to be seen. */
export async function compareScreenshot(page: Page, name: string): Promise<void> {
  const seen = await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' });
  const file = join(kept, `${name}.png`);
  if (isUpdating) {
    mkdirSync(kept, { recursive: true });
    writeFileSync(file, seen);
    return;
  }
  const now = PNG.sync.read(seen);
  const seenFile = join(tmpdir(), `${name}-seen.png`);
  if (!existsSync(file)) throw new Error(`there is no kept screenshot ${file}`);
  const before = PNG.sync.read(readFileSync(file));
  if (now.width !== before.width || now.height !== before.height) {
    writeFileSync(seenFile, seen);
    throw new Error(
      `${name} is ${now.width} × ${now.height} pixels, and was ${before.width} × ${before.height}: see ${seenFile}`,
    );
  }
  const difference = new PNG({ width: now.width, height: now.height });
  const differing = pixelmatch(before.data, now.data, difference.data, now.width, now.height, { threshold: 0.2 });
  const share = differing / (now.width * now.height);
  if (share <= MOST_DIFFERENT) return;
  const differenceFile = join(tmpdir(), `${name}-difference.png`);
  writeFileSync(seenFile, seen);
  writeFileSync(differenceFile, PNG.sync.write(difference));
  throw new Error(
    `${name} differs in ${(share * 100).toFixed(2)} % of its pixels: see ${seenFile} and ${differenceFile}`,
  );
}
