// The plan of a run that waits for a person: what it will store, what that costs, and the two ways on.

import { actionsFor, approve, done } from "./actions.js";
import { getJson } from "./api.js";
import { card, el, facts, showIn, table } from "./dom.js";
import { bytes, duration, exact, number, rate } from "./format.js";
import { fetched } from "./refresh.js";

export function planCard() {
  const content = el("div", { class: "stack" });
  const buttons = el("div", { class: "row" });
  const node = card("Plan", { hidden: true }, content, buttons);
  const update = fetched(content);
  return {
    node,
    update(view) {
      const { planned, approved, state } = view.run;
      node.hidden = !planned;
      if (!planned) return;
      showIn(buttons, state, () => (view.may.approve ? waysOn(view) : []));
      update(`${planned.at} ${approved}`, view, () => getJson(`${view.path}/plan`), shown);
    },
  };
}

function waysOn(view) {
  const button = el("button", { type: "button", class: "primary", click: () => done(button, approve, view) }, "Approve and store");
  return [button, ...actionsFor(view).filter((other) => other.className === "danger")];
}

function shown(plan) {
  const { documents } = plan;
  return [
    facts([
      ["Rows", number(plan.rows)],
      ["Rejected", number(plan.rejected)],
      ["Documents", number(documents.total)],
      ["New", number(documents.new)],
      ["Changed", number(documents.changed)],
      ["Unchanged", number(documents.unchanged)],
      ["Gone", number(documents.gone)],
      ["Bytes", bytes(plan.bytes)],
      ["Request units", plan.request_units === null ? "not known in this mode" : `about ${number(Math.round(plan.request_units))}`],
      ["At", plan.ru_per_second && `${number(plan.ru_per_second)} RU/s`],
      ["Storing takes", plan.minutes === null ? null : `about ${duration(plan.minutes * 60)}`],
      ["Price", plan.price && `${plan.price.amount} ${plan.price.currency ?? ""}`],
      ["Approved", exact(plan.approved)],
      ["Expires", plan.approved ? null : exact(plan.expires)],
    ]),
    documents.total > plan.sampled && el("p", { class: "soft small" },
      `${number(plan.sampled)} documents were looked for in the container; the others are counted in proportion.`),
    heat(plan.partitions ?? []),
    rejectsOf(plan.rejects ?? {}),
  ];
}

// Physical partitions as a strip: the darker, the larger its part. The hottest one decides how long storing takes.
function heat(partitions) {
  if (partitions.length < 2) return null;
  const weight = (one) => one.request_units || one.documents;
  const most = Math.max(...partitions.map(weight));
  const text = (one, index) => `Partition ${one.partition ?? index + 1}: ${number(one.documents)} documents, ${rate(one.request_units)} RU`;
  const cells = partitions.map((one, index) => el("li", { title: text(one, index), style: { "--heat": weight(one) / most } },
    el("span", { class: "hidden" }, text(one, index))));
  return el("figure", {}, el("figcaption", {}, `${partitions.length} physical partitions, the hottest first`), el("ol", { class: "heat" }, cells));
}

function rejectsOf(rejects) {
  const rows = Object.entries(rejects).flatMap(([code, { first }]) => first.map((one) => el("tr", {},
    el("td", { class: "number" }, number(one.row)), el("td", {}, one.column), el("td", {}, el("code", {}, code)), el("td", {}, one.message))));
  return rows.length ? table("Rejects of the plan", [["Row", "number"], "Column", "Code", "Message"], rows) : null;
}
