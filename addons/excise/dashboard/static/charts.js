// Charts as SVG: stacked bars over time, and bars of the busiest.

import { compact, count, el, svg } from "./dom.js";

const ORDER = ["allow", "log", "alert", "redact", "steer", "fallback", "limit", "tarpit", "block"];
const HEIGHT = 180;

function spread(rows, step) {
  const buckets = new Map();
  for (const { bucket, action, messages } of rows) {
    if (!buckets.has(bucket)) buckets.set(bucket, {});
    buckets.get(bucket)[action] = messages;
  }
  const names = [...buckets.keys()].sort();
  if (names.length < 2) return names.map((name) => [name, buckets.get(name)]);
  const filled = [];
  for (let at = names[0]; at <= names[names.length - 1] && filled.length < 2000; at = after(at, step)) {
    filled.push([at, buckets.get(at) ?? {}]);
  }
  return filled;
}

function after(bucket, step) {
  const at = new Date(step === "hour" ? `${bucket}:00:00Z` : step === "day" ? `${bucket}T00:00:00Z` : `${bucket}-01T00:00:00Z`);
  if (step === "hour") at.setUTCHours(at.getUTCHours() + 1);
  else if (step === "day") at.setUTCDate(at.getUTCDate() + 1);
  else at.setUTCMonth(at.getUTCMonth() + 1);
  return at.toISOString().slice(0, bucket.length);
}

const spoken = (bucket, step) => (step === "hour" ? `${bucket.slice(5, 10)} ${bucket.slice(11)}:00` : step === "day" ? bucket.slice(5) : bucket);

export function trend(rows, step, choose) {
  const bars = spread(rows, step);
  const present = ORDER.filter((name) => rows.some((row) => row.action === name));
  const totals = bars.map(([, by]) => present.reduce((sum, name) => sum + (by[name] ?? 0), 0));
  const most = nice(Math.max(1, ...totals));
  const width = 1000;
  const wide = width / Math.max(bars.length, 1);
  const gap = Math.min(4, wide * 0.2);
  const shapes = bars.map(([bucket, by], place) => {
    let floor = HEIGHT;
    const said = present.filter((name) => by[name]).map((name) => `${name} ${count(by[name])}`);
    const pieces = present.filter((name) => by[name]).map((name) => {
      const tall = Math.max((by[name] / most) * HEIGHT, 1.5);
      floor -= tall;
      return svg("rect", { class: `f-${name}`, x: place * wide + gap / 2, y: Math.max(floor, 0), width: Math.max(wide - gap, 0.5), height: tall });
    });
    const area = svg("rect", { class: "area", x: place * wide, y: 0, width: wide, height: HEIGHT });
    const bar = svg("g", { class: "bar" }, svg("title", {}, `${spoken(bucket, step)}\n${said.join("\n") || "nothing"}`), pieces, area);
    bar.addEventListener("click", () => choose(bucket, after(bucket, step)));
    return bar;
  });
  const grid = [0.25, 0.5, 0.75, 1].map((part) => svg("line", { class: "grid", x1: 0, x2: width, y1: HEIGHT * (1 - part), y2: HEIGHT * (1 - part) }));
  const chart = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `Messages by ${step} and action; the table below says the same` },
    grid, shapes,
  );
  const every = Math.ceil(bars.length / 8);
  const ticks = bars.filter((_, place) => place % every === 0).map(([bucket]) => el("span", {}, spoken(bucket, step)));
  return el(
    "figure",
    { class: "trend" },
    el("figcaption", {}, present.map((name) => el("span", { class: "key" }, el("i", { class: `k-${name}` }), name))),
    el("div", { class: "plot" }, el("div", { class: "scale", "aria-hidden": "true" }, el("span", {}, compact(most)), el("span", {}, compact(most / 2)), el("span", {}, "0")), chart),
    el("div", { class: "ticks", "aria-hidden": "true" }, ticks),
    el("details", {}, el("summary", {}, "As a table"), numbers(bars, present, step)),
  );
}

function numbers(bars, present, step) {
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Messages over time" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, step), present.map((name) => el("th", { scope: "col", class: "n" }, name)))),
      el("tbody", {}, bars.map(([bucket, by]) => el("tr", {}, el("th", { scope: "row" }, spoken(bucket, step)), present.map((name) => el("td", { class: "n" }, count(by[name])))))),
    ),
  );
}

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= value);
}

// Names with bars; each is a button that narrows the page down to it.
export function bars(rows, value, choose, detail = () => "") {
  const most = Math.max(1, ...rows.map(value));
  return el(
    "ol",
    { class: "bars" },
    rows.map((row) => {
      const line = svg("svg", { class: "line", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("rect", { class: "rail", width: 100, height: 4 }), svg("rect", { class: "amount", width: (100 * value(row)) / most, height: 4 }));
      return el("li", {}, el("button", { class: "row", onclick: () => choose(row), title: `Only ${row.name}` },
        el("span", { class: "name" }, row.name), el("span", { class: "more" }, detail(row)), el("span", { class: "n" }, compact(value(row))), line));
    }),
  );
}

// A share with the interval that holds it, and a bar that is filled up to a part.
export function interval({ share, low, high }) {
  return svg("svg", { class: "interval", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": `${Math.round(share * 100)} %, ${Math.round(low * 100)} to ${Math.round(high * 100)} %` },
    svg("rect", { class: "rail", width: 100, height: 8 }), svg("rect", { class: "span", x: low * 100, width: Math.max((high - low) * 100, 0.5), height: 8 }), svg("rect", { class: "at", x: Math.min(share * 100, 99), width: 1, height: 8 }));
}

export function meter(part) {
  const kind = part >= 1 ? "full" : part >= 0.8 ? "near" : "fine";
  return svg("svg", { class: `meter ${kind}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": `${Math.round(part * 100)} % used` },
    svg("rect", { class: "rail", width: 100, height: 8 }), svg("rect", { class: "amount", width: Math.min(part, 1) * 100, height: 8 }));
}
