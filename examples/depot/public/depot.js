// Depot in the browser: counts the token down, and asks twice a second what the services say to it.
const left = document.getElementById('left');
const end = Number(left.dataset.exp) * 1000;
const rows = { goods: document.getElementById('goods'), crates: document.getElementById('crates') };
const revoked = document.getElementById('revoked');

function countDown() {
  const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
  left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function show(row, { status, says }) {
  row.textContent = status === 0 ? says : `${status}: ${says}`;
  row.classList.toggle('refused', status >= 400);
}

async function look() {
  const answer = await fetch('/answers').catch(() => undefined);
  if (!answer?.ok) return;
  const { goods, crates, refusedAfter } = await answer.json();
  show(rows.goods, goods);
  show(rows.crates, crates);
  if (refusedAfter !== undefined)
    revoked.textContent = `Revoked, and refused by Goods ${refusedAfter.toFixed(1)} seconds later.`;
}

countDown();
setInterval(countDown, 1000);
void look();
setInterval(() => void look(), 500);
