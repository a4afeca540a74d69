// Depot in the browser: asks twice a second what the services say to the token.
const [goods, crates, revoked, revoke, again] = ['goods', 'crates', 'revoked', 'revoke', 'again'].map((id) =>
  document.getElementById(id),
);

function show(row, { status, says }) {
  row.textContent = status === 0 ? says : `${status}: ${says}`;
  row.classList.toggle('refused', status >= 400);
}

async function look() {
  const answer = await fetch('/answers').catch(() => undefined);
  // The session here is over: the page says so.
  if (answer?.status === 401) return location.reload();
  if (!answer?.ok) {
    show(goods, { status: 0, says: 'Depot does not answer' });
    return show(crates, { status: 0, says: 'was not asked' });
  }
  const said = await answer.json();
  show(goods, said.goods);
  show(crates, said.crates);
  // Ended or revoked: there is nothing left to revoke.
  if (said.goods.status === 401) [revoke.hidden, again.hidden] = [true, false];
  if (said.refusedAfter !== undefined)
    revoked.textContent = `Revoked, and refused by Goods ${said.refusedAfter.toFixed(1)} seconds later.`;
}

void look();
setInterval(() => void look(), 500);
