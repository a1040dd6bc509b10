// Numbers, sizes and times as people read them.

const NUMBER = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const EXACT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

export const number = (value) => (typeof value === "number" ? NUMBER.format(value) : "");

export function rate(perSecond) {
  if (!Number.isFinite(perSecond) || perSecond < 0) return "";
  return perSecond >= 10000 ? SHORT.format(perSecond) : NUMBER.format(Number(perSecond.toPrecision(3)));
}

export function bytes(value) {
  if (typeof value !== "number") return "";
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${Number((value / 1000 ** power).toPrecision(3))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

// 3.2 s, 41 s, 2 min 5 s, 3 h 10 min, 2 d 4 h
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const unit = UNITS.findIndex(([, size]) => seconds >= size);
  if (unit < 0) return `${Math.round(seconds)} s`;
  const [name, size] = UNITS[unit];
  const [next, part] = UNITS[unit + 1] ?? ["s", 1];
  const rest = Math.floor((seconds % size) / part);
  return `${Math.floor(seconds / size)} ${name}${rest ? ` ${rest} ${next}` : ""}`;
}

export const seconds = (from, to) => (new Date(to ?? Date.now()) - new Date(from)) / 1000;

export function ago(time) {
  const passed = seconds(time);
  return passed < 5 ? "just now" : `${duration(passed).replace(/ \d+ (s|min|h)$/, "").replace(/^(\d)\.\d s/, "$1 s")} ago`;
}

// What is no time is shown as it is.
export const exact = (time) => (Number.isFinite(new Date(time ?? NaN).getTime()) ? EXACT.format(new Date(time)) : time ?? "");
export const clock = (time) => (time ? CLOCK.format(new Date(time)) : "");
export const percent = (share) => `${Math.floor(Math.min(1, share) * 100)} %`;
export const words = (name) => name.replaceAll("_", " ");
export const sentence = (name) => words(name).replace(/^\w/, (letter) => letter.toUpperCase());
