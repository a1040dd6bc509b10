// What a run has counted so far, and how fast it goes on, from answers of GET /api/runs/{run} one after another.

const COUNTS = ["rows", "rejected", "documents", "bytes", "ru", "throttled", "sends"];
// How the names of a phase's waves begin.
const WAVES = {
  generating: ["generate"], combining: ["combine"], resolving: ["resolve"], storing: ["store", "delete"],
  verifying: ["verify"],
};
const WINDOW = 12; // seconds: a call of an activity counts when it ends, so shorter windows would jump
const MOST_SAMPLES = 1800;

// The totals of the parent and of the lanes that are under way. The parent has counted a wave when it is over.
export function countsOf(shown) {
  const status = shown.status?.customStatus ?? {};
  const lanes = isUnderWay(status) ? (shown.lanes ?? []).map((lane) => lane.customStatus ?? {}) : [];
  const all = [status.totals ?? shown.run.totals ?? {}, ...lanes];
  return Object.fromEntries(COUNTS.map((name) => [name, all.reduce((sum, one) => sum + (one[name] || 0), 0)]));
}

function isUnderWay(status) {
  const wave = String(status.wave ?? "").split(":").pop();
  const began = (WAVES[status.phase] ?? []).some((name) => wave.startsWith(name));
  return began && (status.chunks_done ?? 0) < (status.chunks ?? 0);
}

export class Pace {
  constructor() {
    this.samples = [];
    this.generated = 0;
  }

  // How many documents there are to be stored: what the last phase that makes them has counted.
  learn(events) {
    const made = events.findLast(({ event, phase }) => event === "phase_ended" && (phase === "generating" || phase === "combining"));
    this.generated = made?.documents ?? 0;
  }

  add(shown, now = Date.now() / 1000) {
    const phase = shown.run.state;
    const counts = countsOf(shown);
    this.samples.push({ at: now, phase, counts, ...this.rates(phase, counts, now) });
    if (this.samples.length > MOST_SAMPLES) this.samples.shift();
    return this.last;
  }

  get last() {
    return this.samples.at(-1);
  }

  // Counts begin anew with each phase, so rates are never taken across two.
  rates(phase, counts, now) {
    const since = this.samples.find((sample) => sample.phase === phase && now - sample.at <= WINDOW);
    const before = this.last?.phase === phase ? this.last : null;
    const passed = since ? now - since.at : 0;
    const per = (name) => (passed > 0 ? Math.max(0, counts[name] - since.counts[name]) / passed : null);
    return {
      rows: phase === "storing" ? per("documents") : per("rows"),
      ru: per("ru"),
      throttled: before ? Math.max(0, counts.throttled - before.counts.throttled) : 0,
    };
  }

  // How much of its phase is done. By documents where their number is known, which is finer than chunks.
  share(shown) {
    const status = shown.status?.customStatus ?? {};
    const { documents } = countsOf(shown);
    if (shown.run.state === "storing" && this.generated) return Math.min(1, documents / this.generated);
    return status.chunks ? status.chunks_done / status.chunks : null;
  }
}
