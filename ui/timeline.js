// The phases of a run as a time line: how long each took, what it counted, and where the run is or failed.

import { card, el, showIn } from "./dom.js";
import { duration, number, rate, seconds } from "./format.js";
import { hasEnded, phaseOfStep, phasesOf } from "./states.js";

// The others have the counts of the run so far.
const COUNTED = ["generating", "combining", "resolving", "storing", "verifying"];

export function timeline() {
  const list = el("ol", { class: "phases" });
  const node = card("Phases", {}, list);
  return {
    node,
    update({ run, events }) {
      const steps = stepsOf(run, events);
      showIn(list, steps.map(({ took, ...step }) => [step, duration(took)]), () => steps.map(shown));
    },
  };
}

// Each phase with its state (done, now, failed or left), its seconds over all attempts, and the counts of the last.
export function stepsOf(run, events) {
  const spent = secondsByPhase(events);
  const counted = countsByPhase(events);
  const phases = phasesOf(run);
  const now = phases.indexOf(run.state);
  const broken = hasEnded(run) || run.state === "failing" ? phases.indexOf(brokenPhase(run, events)) : -1;
  return phases.map((phase, index) => ({
    phase,
    state: stateOf(run, index, now, broken, spent[phase]),
    took: spent[phase] ?? run.receipt?.seconds_by_phase?.[phase] ?? (index === now && run.since ? seconds(run.since) : null),
    ...counted[phase],
  }));
}

function stateOf(run, index, now, broken, spent) {
  if (run.state === "completed") return "done";
  if (index === now) return run.state === "planned" ? "waits" : "now";
  if (index === broken) return run.outcome === "failed" || run.state === "failed" ? "failed" : "stopped";
  return index < Math.max(now, broken) || spent ? "done" : "left";
}

function brokenPhase(run, events) {
  return phaseOfStep(run.failure?.step) ?? events.findLast((one) => one.event === "phase_began")?.phase;
}

function secondsByPhase(events) {
  const spent = {};
  let phase = null, since = null;
  const add = (until) => { if (phase) spent[phase] = (spent[phase] ?? 0) + Math.max(0, seconds(since, until)); };
  for (const one of events) {
    if (!["phase_began", "phase_ended", "ended", "planned", "approved"].includes(one.event)) continue;
    add(one.at);
    phase = one.event === "phase_began" ? one.phase : one.event === "planned" ? "planned" : null;
    since = one.at;
  }
  if (phase) add();
  return spent;
}

// An attempt counts again what earlier ones have done, as the receipt does, so the last end of a phase has all.
function countsByPhase(events) {
  const ended = events.filter(({ event, phase }) => event === "phase_ended" && COUNTED.includes(phase));
  return Object.fromEntries(ended.map(({ phase, rows, documents, ru, throttled }) => [phase, { rows, documents, ru, throttled }]));
}

const SAID = { done: "done", now: "under way", waits: "waits for approval", failed: "failed here", stopped: "stopped here", left: "not begun" };

function shown(step) {
  const unit = step.phase === "storing" ? "documents" : "rows";
  const perSecond = step[unit] && step.took ? `${rate(step[unit] / step.took)}/s` : null;
  return el("li", { class: step.state, style: { "--grow": Math.sqrt(1 + (step.took ?? 0)) } },
    el("span", { class: "phase" }, step.phase),
    el("span", { class: "took" }, step.took === null ? SAID[step.state] : duration(step.took)),
    el("span", { class: "hidden" }, step.took === null ? "" : SAID[step.state]),
    step[unit] ? el("span", { class: "counted" }, `${number(step[unit])} ${unit}`) : null,
    perSecond && el("span", { class: "counted" }, perSecond),
    step.ru ? el("span", { class: "counted" }, `${rate(step.ru)} RU`) : null,
    step.throttled ? el("span", { class: "counted" }, `${number(step.throttled)} throttled`) : null);
}
