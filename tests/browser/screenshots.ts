import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';

const storedDir = fileURLToPath(new URL('./screenshots/', import.meta.url));

/** `UPDATE_SCREENSHOTS=1 npm run test:browser` stores the current screenshots. */
export const isUpdating = process.env.UPDATE_SCREENSHOTS === '1';

/** A moved line or a lost bar changes more pixels than this. The text smoothing of another browser version changes fewer. */
const MAX_DIFFERING_SHARE = 0.01;

/** Screenshots use this font on every machine. The page itself uses the font of the system. */
const require = createRequire(import.meta.url);
const fontFaces = [400, 600, 700].map((weight) => {
  const file = require.resolve(`@fontsource/noto-sans/files/noto-sans-latin-${weight}-normal.woff2`);
  const data = readFileSync(file).toString('base64');
  return `@font-face { font-family: Stored; font-weight: ${weight}; src: url(data:font/woff2;base64,${data}); }`;
});
const style = `${fontFaces.join('\n')} body, body :is(button, code) { font-family: Stored !important; }`;

export async function useStoredFont(page: Page): Promise<void> {
  await page.addStyleTag({ content: style });
  await page.evaluate(() => document.fonts.ready);
}

/** Throws when the page differs from the stored screenshot of this name, and names the files that show the difference. */
export async function compareScreenshot(page: Page, name: string): Promise<void> {
  const seen = await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' });
  const file = join(storedDir, `${name}.png`);
  if (isUpdating) {
    mkdirSync(storedDir, { recursive: true });
    writeFileSync(file, seen);
    return;
  }
  const now = PNG.sync.read(seen);
  const seenFile = join(tmpdir(), `${name}-seen.png`);
  if (!existsSync(file)) throw new Error(`there is no stored screenshot ${file}; UPDATE_SCREENSHOTS=1 makes it`);
  const before = PNG.sync.read(readFileSync(file));
  if (now.width !== before.width || now.height !== before.height) {
    writeFileSync(seenFile, seen);
    throw new Error(
      `${name} is ${now.width} × ${now.height} pixels, and was ${before.width} × ${before.height}: see ${seenFile}; UPDATE_SCREENSHOTS=1 stores it`,
    );
  }
  const difference = new PNG({ width: now.width, height: now.height });
  const differing = pixelmatch(before.data, now.data, difference.data, now.width, now.height, { threshold: 0.2 });
  const share = differing / (now.width * now.height);
  if (share <= MAX_DIFFERING_SHARE) return;
  const differenceFile = join(tmpdir(), `${name}-difference.png`);
  writeFileSync(seenFile, seen);
  writeFileSync(differenceFile, PNG.sync.write(difference));
  throw new Error(
    `${name} differs in ${(share * 100).toFixed(2)} % of its pixels: see ${seenFile} and ${differenceFile}; UPDATE_SCREENSHOTS=1 stores it`,
  );
}
