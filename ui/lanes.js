// The lanes of the current wave: what each of them has done so far.

import { card, showIn, el, table } from "./dom.js";
import { number, rate } from "./format.js";
import { hasEnded } from "./states.js";

const TONES = { Running: "busy", Pending: "wait", Completed: "good", Failed: "bad", Terminated: "calm" };

export function laneList() {
  const list = el("div", {});
  const node = card("Lanes of this wave", { hidden: true }, list);
  return {
    node,
    update({ run, shown }) {
      const lanes = shown.lanes ?? [];
      node.hidden = hasEnded(run) || !lanes.length;
      if (!node.hidden) showIn(list, lanes, () => table("Lanes", HEADINGS, lanes.map(lane)));
    },
  };
}

const HEADINGS = ["Lane", "State", ["Rows", "number"], ["Documents", "number"], ["RU", "number roomy"], ["Throttled", "number"]];

function lane({ id, runtimeStatus, customStatus }, index) {
  const totals = customStatus ?? {};
  return el("tr", { title: id },
    el("td", {}, `${index + 1}`),
    el("td", {}, el("span", { class: `badge ${TONES[runtimeStatus] ?? "calm"}` }, runtimeStatus ?? "unknown")),
    el("td", { class: "number" }, number(totals.rows)),
    el("td", { class: "number" }, number(totals.documents)),
    el("td", { class: "number roomy" }, rate(totals.ru)),
    el("td", { class: "number" }, number(totals.throttled)));
}
