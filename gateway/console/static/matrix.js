// The matrix by keyboard: a grid (WAI-ARIA) over the selects that work without this file. Nothing is saved here: the
// form is, by its own button, and then only the changed cells are sent.

const form = document.getElementById("matrix-form");
const table = document.getElementById("matrix");
if (form && table) start();

function start() {
  const live = document.getElementById("matrix-live");
  const rows = [...table.querySelectorAll("tbody tr:not(.matrix-group)")].map((row) => [...row.cells].slice(1));
  const place = new Map(rows.flatMap((row, y) => row.map((cell, x) => [cell, { x, y }])));
  const selects = [...table.querySelectorAll("td select")];
  const words = new Map([["", ""], ["-", ""]]);
  const digits = new Map();
  for (const one of document.querySelectorAll("#matrix-legend [data-name]")) {
    words.set(one.dataset.name, one.dataset.name).set(one.dataset.words, one.dataset.name);
    digits.set(one.dataset.key, one.dataset);
  }
  let here = { x: 0, y: 0 };
  let from = here;
  let range = [];
  let sending = false;

  // ── roles: from here on the table is one stop of the Tab key ────────────────────────────────────────────────────
  table.setAttribute("role", "grid");
  table.setAttribute("aria-multiselectable", "true");
  table.setAttribute("aria-describedby", "matrix-keys");
  for (const cell of place.keys()) {
    cell.setAttribute("role", "gridcell");
    cell.tabIndex = -1;
    for (const inner of cell.children) inner.tabIndex = -1;
  }
  if (rows.length && rows[0].length) rows[0][0].tabIndex = 0;
  // The frame scrolls by the focus within it; without this file it is scrolled by the keyboard itself.
  table.parentElement.removeAttribute("tabindex");

  // ── moving and selecting ────────────────────────────────────────────────────────────────────────────────────────
  const cellAt = ({ x, y }) => rows[y][x];
  const selectIn = (cell) => cell.querySelector("select");

  function go(to, { extend = false } = {}) {
    cellAt(here).tabIndex = -1;
    here = { x: bound(to.x, rows[0].length), y: bound(to.y, rows.length) };
    if (!extend) from = here;
    const cell = cellAt(here);
    cell.tabIndex = 0;
    mark();
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    say(range.length > 1 ? fill(form.dataset.cells, { count: range.length }) : reason(cell));
  }

  function mark() {
    for (const cell of range) cell.removeAttribute("aria-selected");
    const [left, right] = [Math.min(from.x, here.x), Math.max(from.x, here.x)];
    const [top, bottom] = [Math.min(from.y, here.y), Math.max(from.y, here.y)];
    range = rows.slice(top, bottom + 1).flatMap((row) => row.slice(left, right + 1));
    for (const cell of range) cell.setAttribute("aria-selected", "true");
  }

  function reason(cell) {
    const link = cell.querySelector(".why");
    return link ? document.getElementById(link.hash.slice(1)).textContent : "";
  }

  // ── setting ─────────────────────────────────────────────────────────────────────────────────────────────────────
  function set(cell, value) {
    const select = selectIn(cell);
    if (!select || ![...select.options].some((option) => option.value === value)) return false;
    select.value = value;
    changed(select);
    return true;
  }

  function setRange(value, word) {
    const done = range.filter((cell) => set(cell, value)).length;
    const not = range.length - done;
    count();
    say([fill(form.dataset.set, { count: done, word }), not ? fill(form.dataset.not, { count: not }) : ""].join(" "));
  }

  function changed(select) {
    const was = select.closest("td").dataset.was ?? "";
    const sign = select.value === was ? "" : was === "" ? "+" : select.value === "" ? "-" : "~";
    if (sign) select.dataset.mark = sign;
    else delete select.dataset.mark;
  }

  function count() {
    for (const [id, sign] of [["count-added", "+"], ["count-changed", "~"], ["count-removed", "-"]]) {
      document.getElementById(id).textContent = selects.filter((select) => select.dataset.mark === sign).length;
    }
  }

  // ── copying, as tab-separated names, so that a spreadsheet can hold them ────────────────────────────────────────
  function copied() {
    const lines = new Map();
    for (const cell of range) {
      const { y } = place.get(cell);
      lines.set(y, [...(lines.get(y) ?? []), selectIn(cell)?.value ?? cell.dataset.was ?? ""]);
    }
    return [...lines.values()].map((line) => line.join("\t")).join("\n");
  }

  function paste(text) {
    const lines = text.replace(/\r?\n$/, "").split(/\r?\n/).map((line) => line.split("\t"));
    const area = lines.length * lines[0].length;
    const one = area === 1;
    const [left, top] = [Math.min(from.x, here.x), Math.min(from.y, here.y)];
    const targets = one
      ? range.map((cell) => [cell, lines[0][0]])
      : lines.flatMap((line, y) => line.map((value, x) => [rows[top + y]?.[left + x], value]));
    const known = targets.filter(([cell, value]) => cell && words.has(value.trim()));
    const done = known.filter(([cell, value]) => set(cell, words.get(value.trim()))).length;
    const not = targets.length - done;
    count();
    say([fill(form.dataset.pasted, { count: done }), not ? fill(form.dataset.not, { count: not }) : ""].join(" "));
  }

  // ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────
  table.addEventListener("keydown", (event) => {
    const { key, shiftKey: extend } = event;
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey) return;
    if (event.target.closest("select")) {
      if (key === "Escape") {
        go(here);
        event.preventDefault();
      }
      return;
    }
    if (!place.has(event.target)) return;
    const moves = {
      ArrowUp: { x: here.x, y: here.y - 1 },
      ArrowDown: { x: here.x, y: here.y + 1 },
      ArrowLeft: { x: here.x - 1, y: here.y },
      ArrowRight: { x: here.x + 1, y: here.y },
      PageUp: { x: here.x, y: here.y - 10 },
      PageDown: { x: here.x, y: here.y + 10 },
      Home: { x: 0, y: control ? 0 : here.y },
      End: { x: Infinity, y: control ? Infinity : here.y },
    };
    if (key in moves) go(moves[key], { extend });
    else if (key === "Escape") go(here);
    else if (key === "Delete" || key === "Backspace") setRange("", form.dataset.withheld);
    else if (!control && digits.has(key)) setRange(digits.get(key).name, digits.get(key).words);
    else if (key === "Enter" || key === "F2") (selectIn(event.target) ?? event.target).focus();
    else return;
    event.preventDefault();
  });

  // Reached by Tab, or by a click of an assistive tool: this cell is the range.
  table.addEventListener("focusin", ({ target }) => {
    if (!place.has(target) || range.includes(target)) return;
    cellAt(here).tabIndex = -1;
    here = from = place.get(target);
    target.tabIndex = 0;
    mark();
  });

  table.addEventListener("mousedown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || event.target.closest("a")) return;
    if (event.shiftKey) event.preventDefault();
    const { x, y } = place.get(cell);
    if (event.target.closest("select") && !event.shiftKey) {
      cellAt(here).tabIndex = -1;
      here = from = { x, y };
      cell.tabIndex = 0;
      mark();
    } else go({ x, y }, { extend: event.shiftKey });
  });

  table.addEventListener("change", (event) => {
    changed(event.target);
    count();
  });

  document.addEventListener("copy", (event) => {
    if (!place.has(document.activeElement)) return;
    event.clipboardData.setData("text/plain", copied());
    event.preventDefault();
    say(fill(form.dataset.copied, { count: range.length }));
  });

  document.addEventListener("paste", (event) => {
    if (!place.has(document.activeElement)) return;
    paste(event.clipboardData.getData("text/plain"));
    event.preventDefault();
  });

  // ── the form ────────────────────────────────────────────────────────────────────────────────────────────────────
  form.addEventListener("submit", () => {
    sending = true;
    for (const select of selects) select.disabled = !select.dataset.mark;
  });
  addEventListener("pageshow", () => {
    sending = false;
    for (const select of selects) {
      select.disabled = false;
      changed(select);
    }
    count();
  });
  addEventListener("beforeunload", (event) => {
    if (!sending && selects.some((select) => select.dataset.mark)) event.preventDefault();
  });

  // A file is read here and sent as its bytes, whatever their encoding: the server tells them apart.
  const pick = document.getElementById("csv-input");
  document.getElementById("csv-pick").hidden = false;
  pick.addEventListener("change", async () => {
    const file = pick.files[0];
    const bytes = file ? new Uint8Array(await file.arrayBuffer()) : [];
    document.getElementById("csv-file").value = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });

  function say(text) {
    if (live.textContent !== text) live.textContent = text;
  }
}

function bound(value, length) {
  return Math.max(0, Math.min(value, length - 1));
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
