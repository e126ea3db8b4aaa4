// One verdict: what was found where, by which rule, what was done and why.

import { narrow, plain, post } from "./app.js";
import { $, action, bare, el, fill, moment, table } from "./dom.js";

const WHERE = ["place", "role", "part", "path"];
const STEPS = ["read", "detect", "decide", "enforce", "audit", "total"];

export async function showExchange(id, time) {
  open(el("p", { class: "says" }, "Looking it up in the trail…"), id);
  try {
    const records = await plain("exchange", { id, time });
    if (!records.length) return open(el("p", { class: "empty" }, "The trail knows no such exchange."), id);
    return draw(records, records[0]);
  } catch (error) {
    return open(el("p", { class: "empty" }, bare(error)), id);
  }
}

// The line that is at hand at once; where its exchange has others, a choice of them once they are
// found. What somebody has begun to write into the line stays.
export async function showRecord(record) {
  const body = draw([record], record);
  if (!record.id) return;
  try {
    const records = await plain("exchange", { id: record.id, time: record.time });
    const mine = records.find((each) => each.time === record.time && each.stage === record.stage);
    if (records.length > 1 && body.isConnected) body.prepend(choice(records, mine));
  } catch { /* the line itself is shown already */ }
}

function draw(records, record) {
  return open([records.length > 1 ? choice(records, record) : null, head(record), (record.rulings ?? []).map((ruling) => found(ruling, record)), clauses(record), timings(record), all(record)], record.stage, record.id);
}

const choice = (records, record) =>
  el("div", { class: "tabs", role: "group", "aria-label": "Lines of this exchange" }, records.map((each) =>
    el("button", { "aria-pressed": String(each === record), onclick: () => draw(records, each) }, each.stage, " ", action(each.action))));

function open(content, title, id = "") {
  const drawer = $("drawer");
  const body = el("div", { class: "body" }, content);
  fill(drawer,
    el("header", {}, el("h2", { id: "drawer-title" }, title), id ? el("code", {}, id) : null,
      el("button", { class: "quiet", "aria-label": "Close", onclick: () => drawer.close() }, "×")),
    body);
  if (!drawer.open) drawer.showModal();
  return body;
}

function head(record) {
  const link = (name, value) => value && el("button", { class: "link", onclick: () => { $("drawer").close(); narrow({ [name]: value }); } }, value);
  const rows = [
    ["When", moment(record.time)],
    ["Done", action(record.action, record.would)],
    ["Why", (record.reasons ?? []).map((reason) => el("span", { class: "tag" }, reason))],
    ["Who", [link("principal", record.principal?.id), record.principal?.group ? [" in ", link("group", record.principal.group)] : ""]],
    ["App", [link("app", record.client?.family), record.client?.user_agent ? el("small", {}, record.client.user_agent) : ""]],
    ["To", [link("host", record.host), record.path ? el("small", {}, `${record.method ?? ""} ${record.path}`) : ""]],
    ["Model", link("model", record.model)],
    ["Read as", record.dialect],
    ["Tokens", record.usage ? `${record.usage.input ?? 0} in, ${record.usage.output ?? 0} out (${record.usage.counted ?? "not counted"})${record.usage.cost ? `, $${record.usage.cost.toFixed(4)}` : ""}` : ""],
    ["Overruled", record.override ? `${record.override.clauses.join(", ")}: ${record.override.because ?? ""}` : ""],
    ["Fault", record.fault ? `${record.fault.kind} at ${record.fault.where ?? "?"}` : ""],
    ["Missing", (record.missing ?? []).join(", ")],
    ["Policy", record.policy ? [record.profile, " ", el("code", {}, record.policy.slice(0, 12))] : ""],
  ].filter(([, value]) => (Array.isArray(value) ? value.some(Boolean) : value));
  return el("dl", { class: "facts" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function found(ruling, record) {
  const at = WHERE.map((name) => ruling[name]).filter(Boolean);
  return el("section", { class: "ruling" },
    el("header", {}, el("h3", {}, ruling.rule), action(ruling.action), ruling.mode === "shadow" ? el("span", { class: "tag" }, "shadow") : null, el("span", { class: `severity s-${ruling.severity}` }, ruling.severity)),
    el("p", {}, ruling.entity, ruling.count > 1 ? `, ${ruling.count} times` : "", ruling.score !== undefined ? `, score ${ruling.score.toFixed(2)}` : "", ruling.clause ? `, by the clause ${ruling.clause}` : ", by the rule's own action", ruling.older ? ", in an older turn" : ""),
    at.length ? el("p", { class: "at" }, at.join(" › ")) : null,
    ruling.excerpt ? el("blockquote", { class: "excerpt" }, ruling.excerpt) : null,
    ruling.because ? el("p", { class: "says" }, ruling.because) : null,
    ruling.fingerprint ? el("p", { class: "says" }, "Fingerprint ", el("code", {}, ruling.fingerprint)) : null,
    record.id ? judge(record, ruling.rule) : null);
}

export function judge(record, rule, done = () => {}) {
  const reason = el("input", { maxlength: "300", placeholder: "why, without the value", "aria-label": `Why, of ${rule}` });
  const told = el("span", { role: "status" });
  const give = (verdict) => async () => {
    try {
      const rate = await post("/api/review", { id: record.id, time: record.time, rule, verdict, reason: reason.value.trim() });
      told.textContent = `Kept: ${rate.wrong} of ${rate.judged} judged were wrong.`;
      done(verdict);
    } catch (error) { told.textContent = bare(error); }
  };
  return el("div", { class: "judge", role: "group", "aria-label": `Is ${rule} right?` },
    el("button", { class: "right", onclick: give(true) }, "✓ Right"), el("button", { class: "false", onclick: give(false) }, "✗ False alarm"), reason, told);
}

function clauses(record) {
  if (!record.clauses?.length) return null;
  return el("section", { class: "ruling" }, el("h3", {}, "Clauses about the exchange"), table("Clauses", [["Clause", (row) => row.clause], ["Asks for", (row) => action(row.action)], ["Mode", (row) => row.mode]], record.clauses));
}

function timings(record) {
  const steps = STEPS.filter((name) => record.timings?.[name] !== undefined);
  if (!steps.length) return null;
  return el("p", { class: "says" }, "Milliseconds: ", steps.map((name) => `${name} ${record.timings[name]}`).join(", "));
}

function all(record) {
  const rows = [...flat(record)];
  return el("details", {}, el("summary", {}, "All fields"), el("dl", { class: "facts raw" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])));
}

function* flat(value, name = "") {
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) yield [name, value.join(", ")];
  else if (value !== null && typeof value === "object") for (const [key, inner] of Object.entries(value)) yield* flat(inner, name ? `${name}.${key}` : key);
  else yield [name, value];
}
