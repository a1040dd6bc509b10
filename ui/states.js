// What a run's state means for this page. docs/run-states.md explains the states themselves.

export const PHASES = ["reading", "generating", "combining", "resolving", "planned", "storing", "verifying", "publishing"];
export const ENDED = ["completed", "failed", "cancelled", "superseded", "expired"];
export const STATES = ["queued", "accepted", ...PHASES, "failing", ...ENDED];

const TONES = {
  completed: "good", failed: "bad", failing: "bad", queued: "wait", planned: "wait",
  cancelled: "calm", superseded: "calm", expired: "calm",
};
// The activity that a failure names, and the phase that it belongs to.
const STEPS = {
  read_input_file: "reading", read_data_from_db: "reading", generate_report: "generating", divide_groups: "combining",
  combine_groups: "combining", resolve_keys: "resolving", finish_keys: "resolving", plan_report: "resolving",
  store_data_to_db: "storing", delete_gone: "storing", verify_report: "verifying", publish_report: "publishing",
};

export const tone = (state) => TONES[state] ?? "busy";
export const hasEnded = (run) => ENDED.includes(run.state);
export const phaseOfStep = (step) => STEPS[step];

// The phases that this run goes through, in order.
export function phasesOf(run) {
  const left = { combining: !run.grouped, planned: !run.plan, verifying: !run.verify };
  return PHASES.filter((phase) => !left[phase] || run.state === phase);
}

// What a person may ask of the run now. The app decides; this only hides what it would refuse.
export function mayDo(run) {
  const ended = hasEnded(run);
  const kept = !run.removed && !run.removing;
  const settled = ended && kept && !run.pending?.length;
  return {
    share: true,
    cancel: !ended && run.state !== "failing",
    approve: run.state === "planned",
    redrive: settled && ["failed", "cancelled"].includes(run.state) && run.mode !== "mirror",
    verify: settled && run.state === "completed" && run.mode !== "mirror",
    correct: settled && ["failed", "completed"].includes(run.state) && run.mode !== "mirror" && !run.grouped
      && !(run.mode === "snapshot" && run.state === "completed"),
    waive: ended && Boolean(run.pending?.length),
  };
}
