// Elements made of texts: nothing that comes from the trail is ever read as markup.

export const $ = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(9).filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat(9));
  return made;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(9).filter((each) => each !== null && each !== undefined && each !== false));
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
export const count = (value) => whole.format(value ?? 0);
export const compact = (value) => ((value ?? 0) < 10000 ? whole : short).format(value ?? 0);
export const percent = (part, of) => {
  if (!of || !part) return "0 %";
  const share = (100 * part) / of;
  return share < 0.1 ? "< 0.1 %" : `${share < 10 ? share.toFixed(1) : Math.round(share)} %`;
};

export const clock = (time) => (time ?? "").slice(11, 19);
export const day = (time) => (time ?? "").slice(0, 10);
export const moment = (time) => (time ? `${time.slice(0, 10)} ${time.slice(11, 19)}` : "");

// Long names break where a person would break them.
export const soft = (text) => String(text ?? "").split(/(?<=[.:/_-])/).flatMap((piece, at) => (at ? [document.createElement("wbr"), piece] : [piece]));

export function action(name, would) {
  return el(
    "span",
    { class: "act" },
    el("span", { class: `chip a-${name || "none"}` }, name || "–"),
    would && would !== name ? el("span", { class: "would", title: "with shadow rules enforced" }, `→ ${would}`) : null,
  );
}

// A table: columns are [title, cell of a row, class]; rows may be opened.
export function table(caption, columns, rows, open) {
  if (!rows.length) return empty("Nothing here in this stretch of time.");
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      {},
      el("caption", { class: "hidden" }, caption),
      el("thead", {}, el("tr", {}, columns.map(([title, , kind]) => el("th", { scope: "col", class: kind }, title)))),
      el(
        "tbody",
        {},
        rows.map((row) => {
          const cells = columns.map(([, cell, kind]) => el("td", { class: kind }, cell(row) ?? ""));
          return el("tr", open ? { onclick: () => open(row), class: "opens" } : {}, cells);
        }),
      ),
    ),
  );
}

export const empty = (text, ...more) => el("p", { class: "empty" }, text, ...more);
export const card = (title, ...content) =>
  el("section", { class: "card" }, el("h2", {}, title), ...content);
export const bare = (error) => (error instanceof Error ? error.message : String(error));
