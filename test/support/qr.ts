// Reads the QR code of a page, as the camera of a telephone does.
import decodeQr from 'qr/decode.js';
import type { Page } from 'playwright-core';

/** Pixels for each module. */
const scale = 4;

/** The secret in the picture of an authenticator's key (`otpauth:`). */
export async function scanSecret(page: Page): Promise<string> {
  const source = await page.getAttribute('#factor-qr', 'src');
  const svg = Buffer.from(source!.split(',')[1]!, 'base64').toString();
  const [, size] = /viewBox="0 0 (\d+) /.exec(svg)!;
  const side = Number(size) * scale;
  const data = new Uint8Array(side * side * 4).fill(255);
  const dark = svg.slice(svg.lastIndexOf('d="'));
  for (const [, x, y, length] of dark.matchAll(/M(\d+) (\d+)h(\d+)v1/g))
    for (let row = 0; row < scale; row += 1)
      for (let column = 0; column < Number(length) * scale; column += 1) {
        const at = ((Number(y) * scale + row) * side + Number(x) * scale + column) * 4;
        data.fill(0, at, at + 3);
      }
  const uri = decodeQr({ width: side, height: side, data });
  return new URL(uri).searchParams.get('secret')!;
}
