"use strict";
// Light or dark: as the system has it, until the reader chooses.
const root = document.documentElement;
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

// On a phone the contents would be all that one sees first.
if (matchMedia("(max-width: 60rem)").matches) {
  document.getElementById("contents").open = false;
}

// A cell is a number by its first figure, if it begins with one; 41,400 and −0.02 are some.
const number = (text) => {
  const found = text.replace(/−/g, "-").replace(/,(?=\d{3})/g, "").match(/^[^\p{L}\d-]*(-?\d+(\.\d+)?(e[-+]?\d+)?)/u);
  return found ? Number(found[1]) : null;
};
const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x !== null ? -1 : 1;
  return a.localeCompare(b);
};

for (const table of document.querySelectorAll("table")) {
  const rows = table.tBodies[0] ? [...table.tBodies[0].rows] : [];
  if (rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    if (!button.textContent) button.setAttribute("aria-label", `column ${column + 1}`);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = (row) => row.cells[column].textContent.trim();
      const sorted = [...rows].sort((a, b) => (down ? -1 : 1) * compare(text(a), text(b)));
      table.tBodies[0].append(...sorted);
    });
  });
}

// The outcome of a cell by its sign; what is short stays in one line.
const outcomes = { "✓": "supported", "✗": "refuted", "?": "open", "≈": "open" };
for (const cell of document.querySelectorAll("td")) {
  const text = cell.textContent.trim();
  if (/^[✓✗?≈]( |$)/.test(text)) cell.classList.add(outcomes[text[0]]);
  if (text.length <= 34) cell.classList.add("short");
}
