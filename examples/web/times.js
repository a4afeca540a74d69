// Times on a page in the browser: by the clock of whoever looks, how long ago, and how long until a token ends.
import { timeText } from './claims.js';

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en');

/** Without this script the page says the same in UTC, and stands still. */
export function showTimes() {
  for (const time of document.querySelectorAll('time[datetime]')) write(time, timeText(new Date(time.dateTime)));
  for (const distance of document.querySelectorAll('[data-from-now]'))
    write(distance, `${fromNow(new Date(distance.dataset.fromNow))}, `);
  for (const countdown of document.querySelectorAll('[data-ends]'))
    write(countdown, untilText(new Date(countdown.dataset.ends)));
}

/** Only what changes, so that a selection of text stays. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function untilText(date) {
  const seconds = Math.ceil((date - Date.now()) / 1000);
  if (seconds <= 0) return 'expired';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = hours > 0 ? [hours, two(minutes), two(seconds % 60)] : [minutes, two(seconds % 60)];
  return `expires in ${parts.join(':')}`;
}

function two(number) {
  return String(number).padStart(2, '0');
}

function fromNow(date) {
  const seconds = (date - Date.now()) / 1000;
  const found = units.find(([, size]) => Math.abs(seconds) >= size);
  if (!found) return seconds > 0 ? 'in less than a minute' : 'just now';
  const [unit, size] = found;
  return relative.format(Math.trunc(seconds / size), unit);
}

showTimes();
setInterval(showTimes, 1000);
