// What run this is, how it stands, and what may be done with it.

import { actionsFor } from "./actions.js";
import { key } from "./api.js";
import { el, facts, showIn } from "./dom.js";
import { ago, duration, exact, number, percent, rate, seconds, words } from "./format.js";
import { portalLinks } from "./portal.js";
import { inputOf } from "./runs.js";
import { hasEnded, tone } from "./states.js";

export function heading() {
  const title = el("h1", { tabindex: "-1" }, "Run");
  const about = el("div", {});
  const buttons = el("div", { class: "row" });
  const links = el("div", { class: "row small" });
  const node = el("header", { class: "heading" },
    key.get() && el("nav", { "aria-label": "Up" }, el("a", { href: "#/runs" }, "Runs")),
    el("div", { class: "row between" }, title, buttons), about, links);
  return {
    node,
    update(view) {
      const { run } = view;
      showIn(title, [run.report, run.state], () => [run.report, " ", el("span", { class: `badge ${tone(run.state)}` }, run.state)]);
      showIn(about, [run.updated ?? run.since, ago(run.accepted)], () => factsOf(view));
      showIn(buttons, [run.state, run.pending, run.updated], () => actionsFor(view));
      if (!view.expires) portalLinks(run).then((made) => links.children.length || links.replaceChildren(...made));
    },
  };
}

function factsOf({ run, expires }) {
  return facts([
    ["Run", el("code", {}, run.id)],
    ["Label", run.label],
    ["Input", inputOf(run)],
    ["Mode", run.mode],
    ["Accepted", el("time", { datetime: run.accepted, title: exact(run.accepted) }, ago(run.accepted))],
    ["Took", hasEnded(run) ? duration(run.receipt?.seconds ?? seconds(run.accepted, run.updated ?? run.since)) : null],
    ["Attempt", run.attempt > 1 ? run.attempt : null],
    ["Pending", run.pending?.join(", ")],
    ["Removed", run.removed && `files and histories, ${exact(run.removed)}`],
    ["This link ends", exact(expires)],
  ]);
}

export function failureBox() {
  const node = el("section", { class: "card failure", "aria-label": "Why it failed", hidden: true });
  return {
    node,
    update({ run }) {
      node.hidden = !run.failure;
      if (run.failure) showIn(node, run.failure, () => failureOf(run));
    },
  };
}

function failureOf({ state, failure }) {
  const where = (failure.chunk ?? null) === null ? failure.step : `${failure.step}, chunk ${failure.chunk}`;
  return [
    el("h2", {}, state === "cancelled" ? "Cancelled" : state === "completed" ? "What was asked last has failed" : "Why it failed"),
    el("p", { class: "said-by" }, failure.text),
    el("p", { class: "soft small" }, where),
  ];
}

// A bar of the phase that is under way, with what is left of it.
export function progress() {
  const bar = el("progress", { max: 1, "aria-label": "Progress of this phase" });
  const text = el("p", { class: "row between soft" });
  const node = el("section", { class: "card", "aria-label": "Progress", hidden: true }, bar, text);
  return {
    node,
    update({ run, shown, pace }) {
      node.hidden = hasEnded(run) || ["planned", "queued"].includes(run.state);
      if (node.hidden) return;
      const share = pace.share(shown);
      share === null ? bar.removeAttribute("value") : (bar.value = share);
      const { counts, rows, ru } = pace.last;
      const unit = run.state === "storing" ? "documents" : "rows";
      const parts = [words(run.state), share !== null && percent(share), `${number(counts[unit])} ${unit}`,
        rows !== null && `${rate(rows)} ${unit}/s`, ru ? `${rate(ru)} RU/s` : null, leftOf(run, share)];
      text.replaceChildren(...parts.filter(Boolean).map((part) => el("span", {}, part)));
    },
  };
}

// Less than this of a phase says nothing about the time that it takes.
function leftOf(run, share) {
  const passed = run.since ? seconds(run.since) : 0;
  return passed >= 2 && share >= 0.03 && share < 1 ? `about ${duration((passed * (1 - share)) / share)} left` : null;
}
