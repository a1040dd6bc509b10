// The options of a start, as a JSON Schema: those that people set by hand. docs/api.md has them all.

const whole = (title, description, more = {}) => ({ title, description, type: "integer", ...more });
const real = (title, description, more = {}) => ({ title, description, type: "number", ...more });

export const OPTIONS = {
  properties: {
    tolerated_rejects: whole("Tolerated rejects", "More rejects fail the run before anything is written.", { minimum: 0 }),
    tolerated_reject_percent: real("Tolerated rejects in percent", "Of the rows. If both are given, both must hold.", { minimum: 0, maximum: 100 }),
    plan: { title: "Plan first", description: "The run waits before it stores, until you approve what it will store.", type: "boolean" },
    verify: { title: "Verify", description: "Read back afterwards what was stored.", enum: ["counts", "content", "drift"] },
    repair: { title: "Repair", description: "Of a mirror report: write again what drift finds.", type: "boolean" },
    notify: { title: "Notify", description: "By email, of which end; as the report says if not given.", enum: ["failed", "completed", "always", "never"] },
    label: { title: "Label", description: "A name by which the run can be found.", type: "string", maxLength: 64 },
    min_rows: whole("Least rows", "Fewer rows fail the run.", { minimum: 0 }),
    ru_share: real("Share of request units", "Up to 1 a fraction of the throughput, from 400 on RU/s.", { minimum: 0 }),
    max_parallel: whole("Lanes", "At the same time.", { minimum: 1, maximum: 32 }),
    max_delete_percent: real("Most deletions in percent", "Of a mirror report: more fail the run.", { minimum: 0, maximum: 100 }),
    delimiter: { title: "Delimiter", description: "Of CSV; found by itself if not given.", type: "string", maxLength: 5 },
    encoding: { title: "Encoding", description: "Such as cp1252; UTF-8 if nothing says another.", type: "string" },
    sheet: { title: "Sheet", description: "Of a workbook.", type: "string" },
  },
};
