// The list of runs: the newest first, page by page, filtered by what the address says.

import { getJson, runPath } from "./api.js";
import { el, showIn, table } from "./dom.js";
import { ago, duration, exact, number, rate, seconds, words } from "./format.js";
import { refresh } from "./refresh.js";
import { STATES, hasEnded, tone } from "./states.js";

const EVERY = 4000; // milliseconds
const TOP = 50;
const SINCE = [["", "any time"], ["3600", "the last hour"], ["86400", "the last day"], ["604800", "the last week"]];
const HEADINGS = [
  "State", "Report", ["Input", "roomy"], ["Rows", "number"], ["Rejected", "number roomy"], ["Rows/s", "number roomy"],
  ["Took", "number roomy"], ["Accepted", "number"],
];

export function showRuns(main, query) {
  const list = el("div", { class: "card" });
  const trouble = el("p", { role: "alert" });
  const pages = { before: query.getAll("page"), next: null };
  const turning = el("nav", { class: "row between", "aria-label": "Pages" });
  main.append(el("div", { class: "row between" }, el("h1", {}, "Runs"), el("a", { class: "button primary", href: "#/start" }, "Start a run")),
    filters(query), trouble, list, turning);

  const polling = refresh(async (signal) => {
    const answer = await getJson("runs", asked(query, pages.before.at(-1)), signal);
    pages.next = answer.continuation;
    showIn(list, answer.runs.map(shown), () => answer.runs.length ? tableOf(answer.runs) : nothing(query));
    showIn(turning, [pages.before.length, pages.next], () => turns(query, pages, answer.runs.length));
    return query.get("refresh") === "off" ? null : EVERY;
  }, (text) => { trouble.textContent = text; });
  return polling.end;
}

function asked(query, continuation) {
  const since = Number(query.get("since"));
  return {
    report: query.get("report"), state: query.get("state"), label: query.get("label"), top: TOP, continuation,
    from: since ? new Date(Date.now() - since * 1000).toISOString() : null,
  };
}

// What is seen of a run: a row is made anew only when this has changed.
function shown(run) {
  return [run.id, run.state, run.updated, run.totals, ago(run.accepted)];
}

function tableOf(runs) {
  return table("Runs", HEADINGS, runs.map((run) => el("tr", {},
    el("td", {}, el("span", { class: `badge ${tone(run.state)}` }, run.state)),
    el("td", {}, el("a", { href: `#/${runPath(run.id)}`, class: "strong" }, run.report), el("span", { class: "under" }, run.label ?? run.id)),
    el("td", { class: "roomy" }, inputOf(run)),
    el("td", { class: "number" }, number(rowsOf(run))),
    el("td", { class: "number roomy" }, number(run.receipt?.rows_rejected ?? run.totals?.rejected)),
    el("td", { class: "number roomy" }, rate(rowsOf(run) / tookOf(run))),
    el("td", { class: "number roomy" }, duration(tookOf(run))),
    el("td", { class: "number" }, el("time", { datetime: run.accepted, title: exact(run.accepted) }, ago(run.accepted))))));
}

export const inputOf = (run) => run.filename ?? run.reference ?? (run.query ? `container ${run.query.container}` : run.format);
const rowsOf = (run) => run.receipt?.rows_read ?? run.totals?.rows;
const tookOf = (run) => run.receipt?.seconds ?? seconds(run.accepted, hasEnded(run) ? run.updated : undefined);

function nothing(query) {
  return [...query.keys()].length
    ? el("p", {}, "No run is like this. ", el("a", { href: "#/runs" }, "Show all runs"))
    : el("p", {}, "No run yet. ", el("a", { href: "#/start" }, "Start the first one"));
}

// A change of a filter is a new address, from the first page on.
function filters(query) {
  const go = () => { location.hash = `/runs?${changed(new FormData(form), query)}`; };
  const form = el("form", { class: "filters", role: "search", "aria-label": "Runs", submit: (event) => { event.preventDefault(); go(); }, change: go },
    choice("report", "Report", [["", "all"]], query),
    choice("state", "State", [["", "all"], ["open", "not ended"], ["ended", "ended"], ...STATES.map((state) => [state, words(state)])], query),
    choice("since", "Accepted", SINCE, query),
    named("label", "Label", el("input", { id: "filter-label", name: "label", value: query.get("label") ?? "", size: 12, maxlength: 64 })),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "refresh", checked: query.get("refresh") !== "off" }), " Keep up to date"));
  addReports(form.elements.report, query.get("report"));
  return form;
}

function changed(form, query) {
  const asked = new URLSearchParams([...form].filter(([name, value]) => value && name !== "refresh"));
  if (!form.get("refresh")) asked.set("refresh", "off");
  return asked;
}

function choice(name, label, options, query) {
  return named(name, label, el("select", { id: `filter-${name}`, name },
    options.map(([value, text]) => el("option", { value, selected: (query.get(name) ?? "") === value }, text))));
}

const named = (name, label, input) => el("div", {}, el("label", { for: `filter-${name}` }, `${label} `), input);

async function addReports(select, chosen) {
  const { reports } = await getJson("reports").catch(() => ({ reports: [] }));
  select.append(...reports.map(({ name }) => el("option", { value: name, selected: name === chosen }, name)));
}

// Each page's address has the way back to the first one.
function turns(query, pages, count) {
  const to = (before) => {
    const there = new URLSearchParams([...query].filter(([name]) => name !== "page"));
    before.forEach((page) => there.append("page", page));
    return `#/runs?${there}`;
  };
  const { before, next } = pages;
  const first = before.length * TOP;
  return [
    el("span", { class: "soft" }, count ? `Runs ${number(first + 1)} to ${number(first + count)}` : ""),
    el("span", { class: "row" },
      before.length > 0 && el("a", { class: "button", href: to(before.slice(0, -1)) }, "Newer"),
      next && el("a", { class: "button", href: to([...before, next]) }, "Older")),
  ];
}
