// QR codes as SVG: what authenticator applications read with a camera.
import encodeQr from 'qr';

/** Modules of quiet zone on each side (ISO/IEC 18004 6.3.8). */
const quiet = 4;

/** Dark on white whatever stands behind it, because cameras need it so. Without ids, scripts or styles. */
export function qrSvg(text: string): string {
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: quiet });
  const size = rows.length;
  const path = rows.flatMap((row, y) => runsOf(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${path.join('')}"/></svg>`;
}

/** Where dark modules that lie side by side begin, and how many they are. */
function runsOf(row: readonly boolean[]): [start: number, length: number][] {
  const runs: [number, number][] = [];
  row.forEach((isDark, x) => {
    if (!isDark) return;
    if (x > 0 && row[x - 1]) runs.at(-1)![1] += 1;
    else runs.push([x, 1]);
  });
  return runs;
}
