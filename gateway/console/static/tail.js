// Puts newer rows of the log above those that are there. Without this the page asks for itself again.

const rows = document.getElementById("tail");
const told = document.getElementById("tail-told");

const cell = (kind, text, className = "") => {
  const made = document.createElement(kind);
  if (className) made.className = className;
  made.textContent = text;
  return made;
};

const put = (one) => {
  const index = cell("th", "", "number");
  index.scope = "row";
  const link = cell("a", String(one.index));
  link.href = one.href;
  index.append(link);
  const row = document.createElement("tr");
  row.append(index, ...["time", "kind", "partner", "purpose", "said"].map((name) => cell("td", one[name])));
  rows.prepend(row);
};

if (rows?.dataset.from) {
  let after = rows.dataset.after;
  let left = Number(rows.dataset.rounds);

  const ask = async () => {
    if (left-- <= 0) {
      told.textContent = told.dataset.stopped;
      return;
    }
    const url = new URL(rows.dataset.from, location.href);
    url.searchParams.set("after", after);
    const answer = document.hidden ? null : await fetch(url, { redirect: "error" }).catch(() => null);
    if (answer?.ok) {
      const said = await answer.json();
      after = String(said.next);
      if (said.rows.length) rows.querySelector(".none")?.parentElement.remove();
      said.rows.forEach(put);
      if (said.left_out) told.textContent = told.dataset.leftOut;
    }
    setTimeout(ask, 1000 * Number(rows.dataset.every));
  };
  setTimeout(ask, 1000 * Number(rows.dataset.every));
}
