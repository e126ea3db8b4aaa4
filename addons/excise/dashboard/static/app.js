// The page: who is logged in, what is asked for, which section is shown.

import { $, bare, el, fill } from "./dom.js";
import { showReview } from "./review.js";
import { showExchange } from "./verdict.js";
import { moveRow, showActivity, showBudgets, showCoverage, showFindings, showPeople, showShadow, stopLive } from "./views.js";

const UNFILTERED = new Set(["budgets", "review"]);
const SECTIONS = [
  ["activity", "Activity", showActivity],
  ["findings", "Findings", showFindings],
  ["people", "People & apps", showPeople],
  ["shadow", "Shadow", showShadow],
  ["budgets", "Budgets", showBudgets],
  ["coverage", "Coverage", showCoverage],
  ["review", "Review", showReview],
];
const RANGES = [["24h", "24 h", 24], ["7d", "7 days", 24 * 7], ["30d", "30 days", 24 * 30], ["1y", "1 year", 24 * 366], ["all", "All", 0]];
export const NAMES = ["principal", "group", "app", "host", "provider", "model", "stage", "action", "rule", "entity", "reason"];
const KEYS = [["1 … 7", "a section"], ["/", "filter, or look an exchange up"], ["j  k", "next and last row"], ["Enter", "open the row"], ["Esc", "close, or leave the field"], ["x", "remove all filters"], ["p", "hold the live list, or let it go on"], ["t", "light or dark"], ["?", "these keys"]];
const HOURLY = 13;

const state = { section: "activity", range: "7d", since: "", until: "", filters: {} };
let word = "";
let turn = 0; // what an older turn brings late is dropped

export const facts = {};

export async function get(name, more = {}) {
  const asked = new URLSearchParams({ ...chosen(), ...more });
  return answer(await fetch(`/api/${name}?${asked}`, { headers: { Accept: "application/json" } }));
}

export async function plain(name, more = {}) {
  return answer(await fetch(`/api/${name}?${new URLSearchParams(more)}`));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-Excise-Word": word };
  return answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answer(response) {
  const told = await response.json().catch(() => ({}));
  if (response.status === 401) {
    gate("Your session is over.");
    throw new Error("log in first");
  }
  if (!response.ok) throw new Error(told.error || `the server answered ${response.status}`);
  return told;
}

function chosen() {
  const hours = RANGES.find(([name]) => name === state.range)?.[2] ?? 0;
  const ago = (hour) => new Date(Date.now() - hour * 3600e3).toISOString().slice(0, HOURLY);
  const since = state.since || (hours ? ago(hours) : "");
  const until = state.until || (hours ? ago(-2) : ""); // a line from a clock that is years ahead is no news
  const asked = { ...state.filters };
  if (since) asked.since = since;
  if (until) asked.until = until;
  return asked;
}

// -- where the page stands -----------------------------------------------------------------------

export function narrow(filters) {
  Object.assign(state.filters, filters);
  go();
}

export function stretch(since, until) {
  Object.assign(state, { since: since.slice(0, HOURLY), until: until.slice(0, HOURLY), range: "" });
  go();
}

function go() {
  const asked = new URLSearchParams({ ...(state.range ? { range: state.range } : { since: state.since, until: state.until }), ...state.filters });
  const to = `#/${state.section}?${asked}`;
  if (location.hash === to) show();
  else location.hash = to;
}

function read() {
  const [path, query] = location.hash.replace(/^#\//, "").split("?");
  const asked = new URLSearchParams(query ?? "");
  state.section = SECTIONS.some(([name]) => name === path) ? path : "activity";
  state.since = asked.get("since") ?? "";
  state.until = asked.get("until") ?? "";
  state.range = state.since ? "" : (asked.get("range") ?? "7d");
  state.filters = Object.fromEntries(NAMES.filter((name) => asked.get(name)).map((name) => [name, asked.get(name)]));
}

async function show() {
  const mine = ++turn;
  stopLive();
  read();
  bar();
  const [, title, view] = SECTIONS.find(([name]) => name === state.section);
  document.title = `${title} · Excise`;
  const main = $("main");
  main.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => mine === turn && say("Counting the trail…"), 400);
  try {
    const content = await view();
    if (mine !== turn) return;
    say("");
    fill(main, el("h1", { class: "hidden" }, title), content);
    if (!state.filters.rule) hints(content.hints ?? []);
  } catch (error) {
    if (mine !== turn) return;
    say(bare(error), true);
    if (!main.childElementCount) setTimeout(() => mine === turn && show(), 4000);
  } finally {
    clearTimeout(waiting);
    if (mine === turn) main.removeAttribute("aria-busy");
  }
}

export function say(text, wrong = false) {
  $("notice").textContent = text;
  $("notice").className = wrong ? "wrong" : "";
}

// -- the bars at the top -------------------------------------------------------------------------

function bar() {
  const query = location.hash.split("?")[1] ?? "";
  fill($("nav"), SECTIONS.map(([name, title]) =>
    el("a", { href: `#/${name}?${query}`, "aria-current": name === state.section ? "page" : undefined }, title)));
  $("nav").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  fill($("ranges"), RANGES.map(([name, title]) =>
    el("button", { "aria-pressed": String(name === state.range), onclick: () => { Object.assign(state, { range: name, since: "", until: "" }); go(); } }, title)));
  document.querySelector(".filters").classList.toggle("idle", UNFILTERED.has(state.section));
  const drop = (name) => () => { delete state.filters[name]; go(); };
  const chips = Object.entries(state.filters).map(([name, value]) => chip(name, value, drop(name)));
  if (state.since) chips.unshift(chip("time", `${state.since} … ${state.until}`, () => { Object.assign(state, { range: "7d", since: "", until: "" }); go(); }));
  fill($("chips"), chips);
}

const chip = (name, value, drop) =>
  el("span", { class: "filter" }, el("b", {}, name), " ", value, el("button", { "aria-label": `Remove ${name} ${value}`, onclick: drop }, "×"));

function hints(values) {
  fill($("hints"), [...NAMES.map((name) => `${name}:`), ...values].map((value) => el("option", { value })));
}

function find(event) {
  event.preventDefault();
  const text = $("query").value.trim();
  const [, name, value] = /^([a-z]+):\s*(.+)$/.exec(text) ?? [];
  $("query").value = "";
  if (NAMES.includes(name)) narrow({ [name]: value });
  else if (text) showExchange(text, "");
}

// -- light and dark ------------------------------------------------------------------------------

function theme(next) {
  if (next) localStorage.setItem("theme", next);
  const kept = localStorage.getItem("theme");
  const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").textContent = dark ? "☀" : "☾";
  return dark;
}

const toggle = () => theme(theme() ? "light" : "dark");

// -- keys ----------------------------------------------------------------------------------------

function keys() {
  const box = $("keys");
  fill(box, el("h2", { id: "keys-title" }, "Keys"), el("dl", {}, KEYS.map(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])),
    el("form", { method: "dialog" }, el("button", { class: "primary" }, "Close")));
  box.showModal();
}

function pressed(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const section = SECTIONS[Number(event.key) - 1];
  if (section) { state.section = section[0]; go(); }
  else if (event.key === "/") { event.preventDefault(); $("query").focus(); }
  else if (event.key === "j" || event.key === "k") moveRow(event.key === "j" ? 1 : -1);
  else if (event.key === "x") { state.filters = {}; go(); }
  else if (event.key === "p") $("hold")?.click();
  else if (event.key === "t") toggle();
  else if (event.key === "?") keys();
}

// -- coming and going ----------------------------------------------------------------------------

function gate(text) {
  stopLive();
  turn += 1;
  $("page").hidden = true;
  $("gate").hidden = false;
  $("refused").textContent = text;
  $("token").focus();
}

async function enter() {
  const response = await fetch("/api/session");
  if (!response.ok) return gate("");
  const told = await response.json();
  word = told.word;
  Object.assign(facts, told);
  $("gate").hidden = true;
  $("page").hidden = false;
  if (!location.hash.startsWith("#/")) history.replaceState(null, "", "#/activity?range=7d");
  return show();
}

async function login(token) {
  const response = await fetch("/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });
  if (response.ok) return enter();
  return gate((await response.json().catch(() => ({}))).error ?? "that is not the token");
}

theme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());
$("theme").addEventListener("click", toggle);
$("help").addEventListener("click", keys);
$("find").addEventListener("submit", find);
$("login").addEventListener("submit", (event) => { event.preventDefault(); login($("token").value.trim()); $("token").value = ""; });
$("logout").addEventListener("click", async () => { await post("/logout", {}).catch(() => null); gate("You are logged out."); });
document.addEventListener("keydown", pressed);
addEventListener("hashchange", () => !$("page").hidden && show());

const told = /^#token=(.+)$/.exec(location.hash);
if (told) {
  history.replaceState(null, "", "/"); // the token stays in no history
  login(decodeURIComponent(told[1]));
} else enter();
