// The history of a run, the newest first.

import { card, el, showIn } from "./dom.js";
import { exact, number, rate, words } from "./format.js";

const TOLD = [
  ["rows", "rows"], ["rejected", "rejected"], ["documents", "documents"], ["replaced", "replaced"], ["throttled", "throttled"],
];

export function eventList() {
  const list = el("ol", { class: "events" });
  const node = card("Events", { hidden: true }, list);
  return {
    node,
    update({ events }) {
      node.hidden = !events.length;
      showIn(list, events, () => events.toReversed().map(shown));
    },
  };
}

function shown(one) {
  const times = one.times > 1 ? ` (${one.times} times, until ${exact(one.until)})` : "";
  return el("li", {},
    el("time", { datetime: one.at, class: "soft" }, exact(one.at)),
    el("span", {}, el("strong", {}, nameOf(one)), times, el("span", { class: "soft" }, ` ${detailsOf(one).join(", ")}`)));
}

function nameOf(one) {
  if (one.event === "phase_began") return `${one.phase} began`;
  if (one.event === "phase_ended") return `${one.phase} ended`;
  if (one.event === "ended") return `ended as ${one.state}`;
  return words(one.event);
}

function detailsOf(one) {
  const counts = TOLD.filter(([name]) => one[name]).map(([name, unit]) => `${number(one[name])} ${unit}`);
  const ru = one.ru ? [`${rate(one.ru)} RU`] : [];
  const rest = [one.by && `by ${one.by}`, one.step, one.reason, one.level, one.attempt > 1 && `attempt ${one.attempt}`];
  return [...counts, ...ru, ...rest.filter(Boolean)];
}
