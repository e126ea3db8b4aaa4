// The sections that count and list.

import { get, narrow, plain, say, stretch } from "./app.js";
import { bars, meter, trend } from "./charts.js";
import { action, bare, card, clock, compact, count, day, el, empty, moment, percent, soft, table } from "./dom.js";
import { showRecord } from "./verdict.js";

const EVERY = 2000;
const SHOWN = 100;
const KEPT = 300;
let timer = 0;
let held = false;

export function stopLive() {
  clearTimeout(timer);
}

// -- activity ------------------------------------------------------------------------------------

export async function showActivity() {
  const lines = list();
  const over = await get("overview");
  lines.begin();
  const view = el("div", {}, figures(over), over.totals.messages
    ? card("Messages", trend(over.trend, over.step, (since, until) => stretch(since, until)))
    : card("Messages", empty("No message in this stretch of time. ", over.totals.lines ? "" : "Choose a longer one above, or point a client at the proxy.")),
  el("div", { class: "split" }, lines.card, el("div", { class: "side" },
    side("What was found", over.entities, "entity", (row) => row.found),
    side("Rules", over.rules, "rule", (row) => row.found),
    side("People", over.principals, "principal", (row) => row.messages, refused),
    side("Apps", over.apps, "app", (row) => row.messages, refused))));
  view.hints = hintsOf(over);
  return view;
}

const refused = (row) => [row.block ? `${compact(row.block)} refused` : "", row.redact ? `${compact(row.redact)} cut` : ""].filter(Boolean).join(", ");
const side = (title, rows, name, value, detail) =>
  card(title, rows.length ? bars(rows.slice(0, 6), value, (row) => narrow({ [name]: row.name }), detail) : empty("Nothing."));
const hintsOf = (over) => [["rule", over.rules], ["entity", over.entities], ["principal", over.principals], ["app", over.apps], ["host", over.hosts], ["model", over.models], ["group", over.groups]]
  .flatMap(([name, rows]) => rows.map((row) => `${name}:${row.name}`));

function figures({ totals, actions }) {
  const of = (name) => actions.find((each) => each.name === name)?.messages ?? 0;
  const stops = ["block", "tarpit", "limit", "fallback"].reduce((sum, name) => sum + of(name), 0);
  const shown = [
    ["Messages", compact(totals.messages), `${compact(totals.requests)} requests`, ""],
    ["Cut out", compact(of("redact")), percent(of("redact"), totals.messages), "a-redact"],
    ["Refused", compact(stops), percent(stops, totals.messages), "a-block"],
    ["More in shadow", compact(totals.shadow), percent(totals.shadow, totals.messages), "a-alert"],
    ["Not read", compact(totals.unread), percent(totals.unread, totals.messages), totals.unread ? "a-limit" : ""],
    ["People", compact(totals.principals), `${compact(totals.apps)} apps`, ""],
    ["Tokens", compact(totals.input + totals.output), `${compact(totals.input)} in, ${compact(totals.output)} out`, ""],
    ["Added time", totals.p50 === null ? "–" : `${Number(totals.p50.toPrecision(3))} ms`, totals.p99 === null ? "" : `99 %: ${Number(totals.p99.toPrecision(3))} ms`, ""],
  ];
  const warn = [totals.faults ? `${count(totals.faults)} faults of the firewall itself` : "", totals.lost ? `${count(totals.lost)} records could not be written` : ""].filter(Boolean);
  return el("div", {}, warn.length ? el("p", { class: "warn" }, warn.join("; "), " (see Coverage).") : null,
    el("dl", { class: "figures" }, shown.map(([title, value, more, kind]) =>
      el("div", { class: kind }, el("dt", {}, title), el("dd", {}, el("strong", {}, value), el("small", {}, more))))));
}

// The newest lines, and those that come. Rows are moved through with j and k.
function list() {
  const body = el("tbody", {});
  const hold = el("button", { id: "hold", class: "quiet", "aria-pressed": "false", onclick: () => { held = !held; mark(); } });
  const state = el("span", { class: "live" });
  const older = el("button", { class: "quiet wide" }, "Older lines");
  const mark = () => { hold.textContent = held ? "Go on" : "Hold"; hold.setAttribute("aria-pressed", String(held)); state.textContent = held ? "held" : "live"; state.classList.toggle("held", held); };
  held = false;
  mark();
  let last = "";
  const more = async (first) => {
    older.disabled = true;
    try {
      const rows = await get("lines", { count: SHOWN, ...(first ? {} : { until: last }) });
      if (rows.length) last = rows[rows.length - 1].time;
      body.append(...rows.map((record) => row(record)));
      older.hidden = rows.length < SHOWN;
      if (first && !rows.length) body.append(el("tr", { class: "none" }, el("td", { colspan: 6 }, "No line fits.")));
    } catch (error) { say(bare(error), true); }
    older.disabled = false;
  };
  older.addEventListener("click", () => more(false));
  const columns = ["Time", "Action", "Who", "App", "To", "Found"];
  const made = el("section", { class: "card" }, el("header", {}, el("h2", {}, "Newest lines"), state, hold),
    el("div", { class: "scroll lines", tabindex: "0", role: "region", "aria-label": "Newest lines" },
      el("table", {}, el("caption", { class: "hidden" }, "Newest lines of the trail, newest first"),
        el("thead", {}, el("tr", {}, columns.map((title) => el("th", { scope: "col" }, title)))), body)), older);
  const begin = async () => {
    let { mark: at } = await get("live", { mark: 0 });
    await more(true);
    const poll = async () => {
      if (!held && !document.hidden) {
        try {
          const fresh = await get("live", { mark: at });
          at = fresh.mark;
          if (fresh.records.length) body.querySelector(".none")?.remove();
          for (const record of fresh.records) body.prepend(row(record, true));
          while (body.rows.length > KEPT) body.lastElementChild.remove();
        } catch (error) { say(bare(error), true); }
      }
      if (made.isConnected) timer = setTimeout(poll, EVERY);
    };
    timer = setTimeout(poll, EVERY);
  };
  return { card: made, begin };
}

function row(record, fresh = false) {
  const found = new Map();
  for (const { rule, count: often } of record.rulings ?? []) found.set(rule, (found.get(rule) ?? 0) + often);
  const words = [...found].map(([rule, often]) => (often > 1 ? `${rule} ×${often}` : rule));
  const said = [...words, ...(record.reasons ?? []), record.fault?.kind, record.notice?.event].filter(Boolean);
  const open = () => showRecord(record);
  return el("tr", { class: `opens${fresh ? " fresh" : ""}`, onclick: open },
    el("td", { class: "time" }, el("button", { class: "cell", "aria-label": `Open the line of ${moment(record.time)}` }, clock(record.time)), el("small", {}, day(record.time).slice(5))),
    el("td", {}, action(record.action ?? record.stage, record.would)),
    el("td", {}, soft(record.principal?.id), record.principal?.group ? el("small", {}, record.principal.group) : null),
    el("td", {}, soft(record.client?.family)),
    el("td", {}, soft(record.host), el("small", {}, [record.direction === "response" ? "answer" : "", record.model].filter(Boolean).join(" · "))),
    el("td", { class: "found" }, said.slice(0, 3).map((each) => el("span", { class: "tag" }, soft(each))), said.length > 3 ? el("small", {}, `+${said.length - 3}`) : null));
}

export function moveRow(step) {
  const all = [...document.querySelectorAll("#main tr.opens button.cell, #main .queue button.cell")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)].focus();
}

// -- findings, people ----------------------------------------------------------------------------

const word = (name, value, shown = value) => el("button", { class: "cell", onclick: (event) => { event.stopPropagation(); narrow({ [name]: value }); } }, soft(shown));
const N = "n";

export async function showFindings() {
  const over = await get("overview");
  const columns = (name, title) => [
    [title, (row) => word(name, row.name)],
    ...(name === "rule" ? [["Entity", (row) => row.entity]] : []),
    ["Severity", (row) => el("span", { class: `severity s-${row.severity}` }, row.severity)],
    ["Found", (row) => count(row.found), N],
    ["Messages", (row) => count(row.messages), N],
    ["People", (row) => count(row.principals), N],
  ];
  return el("div", { class: "halves" }, card("Entities", table("Entities", columns("entity", "Entity"), over.entities)), card("Rules", table("Rules", columns("rule", "Rule"), over.rules)));
}

export async function showPeople() {
  const over = await get("overview");
  const shown = (title, name, rows) => card(title, table(title, [
    [title, (row) => word(name, row.name)],
    ["Messages", (row) => count(row.messages), N],
    ["Refused", (row) => count(row.block), N],
    ["Cut out", (row) => count(row.redact), N],
    ["Share", (row) => percent(row.block + row.redact, row.messages), N],
  ], rows));
  return el("div", { class: "halves" }, shown("People", "principal", over.principals), shown("Apps", "app", over.apps), shown("Groups", "group", over.groups), shown("Hosts", "host", over.hosts), shown("Models", "model", over.models));
}

// -- shadow, budgets, coverage -------------------------------------------------------------------

export async function showShadow() {
  const { rules, actions } = await get("shadow");
  return el("div", {},
    card("What rules in shadow found", el("p", { class: "says" }, "These rules only take notes. Judge a sample under Review, then enforce one with ", el("code", {}, "excise policy promote RULE"), "."),
      table("Rules in shadow", [
        ["Rule", (row) => word("rule", row.name)],
        ["Entity", (row) => row.entity],
        ["Would", (row) => action(row.would)],
        ["Messages", (row) => count(row.messages), N],
        ["Found", (row) => count(row.found), N],
        ["People", (row) => count(row.principals), N],
        ["Apps", (row) => count(row.apps), N],
        ["Last", (row) => stamp(row.last), "last"],
      ], rules)),
    card("What would have become of messages", table("Actions with shadow rules enforced", [
      ["Was", (row) => action(row.action)],
      ["Would have been", (row) => action(row.would)],
      ["Messages", (row) => count(row.messages), N],
    ], actions)));
}

// A day and a time that may stand below each other where it is narrow.
const stamp = (time) => (time ? [el("span", {}, day(time)), " ", el("span", {}, clock(time))] : "");

export async function showBudgets() {
  const { limits, why } = await plain("limits");
  const money = (row, value) => (row.count === "cost" ? `$${(value / 1e6).toFixed(2)}` : count(value));
  return card("Limits", why ? empty(why) : table("Limits", [
    ["Counter", (row) => row.key],
    ["Used", (row) => meter(row.limit ? row.used / row.limit : 0), "wide"],
    ["Share", (row) => percent(row.used, row.limit), N],
    ["Used", (row) => money(row, row.used), N],
    ["At most", (row) => money(row, row.limit), N],
    ["Within", (row) => stretchOf(row.seconds)],
    ["Mode", (row) => row.mode],
  ], limits));
}

const stretchOf = (seconds) => (seconds % 86400 === 0 ? `${seconds / 86400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`);

export async function showCoverage() {
  const { unread, tunnels, missing, faults, dialects, notices } = await get("coverage");
  const last = ["Last", (row) => stamp(row.last), "last"];
  const name = (title) => [title, (row) => row.name];
  const messages = ["Messages", (row) => count(row.messages), N];
  return el("div", { class: "halves" },
    card("Could not be read", table("Messages that could not be read", [["Reason", (row) => word("reason", row.reason, row.reason.replace("uninspectable:", ""))], ["Host", (row) => soft(row.host)], ["Then", (row) => action(row.action)], messages, ["People", (row) => count(row.principals), N], last], unread)),
    card("Not decrypted", table("Connections that were not decrypted", [["Host", (row) => soft(row.host)], ["Provider", (row) => row.provider], ["Connections", (row) => count(row.connections), N], last], tunnels)),
    card("How it was read", table("Messages by codec", [name("Codec"), messages, ["Not read", (row) => count(row.unread), N], ["Share", (row) => percent(row.unread, row.messages), N]], dialects)),
    card("Detectors that did not answer", table("Detectors that did not answer", [name("Detector"), messages, last], missing)),
    card("Faults of the firewall", table("Faults", [name("Fault"), ["Where", (row) => row.at], messages, last], faults)),
    card("What operators should know", table("Notices", [name("Event"), ["Of", (row) => row.subject], ["Times", (row) => count(row.messages), N], last], notices)));
}

