// Findings that wait for a verdict, how often each rule was wrong, and what follows from it.

import { plain } from "./app.js";
import { interval } from "./charts.js";
import { bare, card, el, empty, fill, moment, table } from "./dom.js";
import { judge, showExchange } from "./verdict.js";

const BANDS = ["below 0.5", "0.5 to 0.7", "0.7 to 0.9", "0.9 to 1", "1"];

export async function showReview() {
  const rates = el("div", {});
  const proposals = el("div", {});
  const [waiting] = await Promise.all([plain("queue"), again(rates, proposals)]);
  return el("div", { class: "split review" }, el("div", {}, queue(waiting, () => again(rates, proposals))), el("div", { class: "side" }, rates, proposals));
}

async function again(rates, proposals) {
  const { rates: rows, proposals: proposed } = await plain("reviews");
  fill(rates, card("How often rules were wrong", rows.length ? table("False positives by rule", [
    ["Rule", (row) => row.rule],
    ["Wrong", (row) => `${row.wrong} of ${row.judged}`, "n"],
    ["95 % interval", (row) => interval(row), "wide"],
    ["95 %", (row) => `${Math.round(row.low * 100)}–${Math.round(row.high * 100)} %`, "n"],
  ], rows) : empty("Nothing has been judged yet.")));
  fill(proposals, card("Proposed changes", proposed.length ? proposed.map(proposal) : empty("Proposals come with verdicts: an exception where one value or place is always wrong, a threshold where low scores are."),
    el("p", { class: "says" }, "Nothing is applied from here: take a diff to your policy, or run ", el("code", {}, "excise audit propose"), ".")));
}

const proposal = (each) =>
  el("section", { class: "ruling" }, el("h3", {}, each.title), el("p", {}, each.says), el("pre", { tabindex: "0" }, each.diff.split("\n").map((line) => el("span", { class: line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "" }, `${line}\n`))));

function queue(waiting, changed) {
  if (!waiting.length) return card("Waiting for a verdict", empty("Nothing waits: no rule fired, or all that was sampled has been judged."));
  const rules = Map.groupBy ? Map.groupBy(waiting, (each) => each.rule) : grouped(waiting);
  return card("Waiting for a verdict", el("p", { class: "says" }, "A sample of each rule and band of scores. Judge by the fields; no text is kept unless excerpts are on."),
    [...rules].map(([rule, some]) => el("section", { class: "queue" }, el("h3", {}, rule, el("small", {}, ` ${some[0].entity}`)), el("ol", {}, some.map((each) => item(each, changed))))));
}

function item(each, changed) {
  const told = el("li", {},
    el("button", { class: "cell", onclick: () => showExchange(each.id, each.time) }, moment(each.time)),
    el("span", { class: "tag" }, `score ${each.score.toFixed(2)}`), el("small", {}, BANDS[each.band]),
    judge(each, each.rule, () => { told.classList.add("done"); changed().catch((error) => told.append(bare(error))); }));
  return told;
}

function grouped(rows) {
  const found = new Map();
  for (const row of rows) found.set(row.rule, [...(found.get(row.rule) ?? []), row]);
  return found;
}
