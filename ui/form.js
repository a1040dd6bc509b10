// A form made from a JSON Schema, as pydantic writes it: texts, numbers, choices, yes or no, dates, and JSON for the rest.

import { el } from "./dom.js";
import { sentence } from "./format.js";

// The fields of an object's schema. `read` returns the given values by name, without those left empty. `fitsQuery`:
// whether each can be said in a query, where all are texts: no list, no choice of numbers, no empty text.
export function formOf(schema, prefix) {
  const fields = Object.entries(schema.properties ?? {}).map(([name, about]) =>
    fieldOf(name, resolve(about, schema), prefix, (schema.required ?? []).includes(name)));
  return {
    nodes: fields.map(({ node }) => node),
    read: () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== undefined)),
    fitsQuery: () => fields.every((field) => field.fitsQuery()),
    refuse: (field, text) => fields.find(({ name }) => field === name || field?.endsWith(`.${name}`))?.refuse(text) ?? false,
    clear: () => fields.forEach(({ refuse }) => refuse("")),
  };
}

// Follows a reference, and takes the kind beside null of a value that may be missing.
function resolve(about, schema) {
  if (about.$ref) return { ...resolve(schema.$defs?.[about.$ref.split("/").pop()] ?? {}, schema), ...about, $ref: undefined };
  const kinds = (about.anyOf ?? about.allOf ?? []).filter((kind) => kind.type !== "null");
  return kinds.length === 1 ? { ...about, ...resolve(kinds[0], schema), anyOf: undefined, allOf: undefined } : about;
}

function fieldOf(name, about, prefix, required) {
  const id = `${prefix}-${name}`;
  const input = inputOf(about, id, name, required);
  const problem = el("p", { role: "alert", id: `${id}-problem` });
  const help = [about.description, (about.default ?? null) === null ? null : `${JSON.stringify(about.default)} if not given.`];
  const hint = el("p", { class: "soft small", id: `${id}-help` }, help.filter(Boolean).join(" "));
  input.setAttribute("aria-describedby", `${id}-help ${id}-problem`);
  const label = el("label", { for: id }, about.title && about.title !== name ? sentence(about.title.toLowerCase()) : sentence(name), required && el("span", { class: "soft" }, " (needed)"));
  const refuse = (text) => {
    problem.textContent = text;
    input.ariaInvalid = text ? "true" : null;
    if (text) input.focus();
    return true;
  };
  const read = () => valueOf(input, about);
  return { name, node: el("div", { class: "field" }, label, input, hint, problem), read, fitsQuery: () => fitsQuery(read(), about), refuse };
}

function inputOf(about, id, name, required) {
  const shared = { id, name, required };
  if (about.enum) return select(shared, about.enum.map((value) => [JSON.stringify(value), String(value)]));
  if (about.type === "boolean") return select(shared, [["true", "yes"], ["false", "no"]]);
  if (about.type === "integer" || about.type === "number") {
    const least = about.minimum ?? about.exclusiveMinimum;
    return el("input", { ...shared, type: "number", step: about.type === "integer" ? 1 : "any", min: least, max: about.maximum ?? about.exclusiveMaximum });
  }
  if (about.type === "string") {
    const type = { date: "date", "date-time": "datetime-local", time: "time" }[about.format] ?? "text";
    return el("input", { ...shared, type, minlength: about.minLength, maxlength: about.maxLength, step: type.includes("time") ? 1 : null });
  }
  return el("textarea", { ...shared, rows: 2, placeholder: "JSON" });
}

const select = (shared, options) => el("select", shared, el("option", { value: "" }, "not given"),
  options.map(([value, text]) => el("option", { value }, text)));

// JSON that cannot be read goes as it is: the app then says what is wrong with it.
function valueOf(input, about) {
  if (input.value === "") return undefined;
  if (about.type === "string" && !about.enum) return input.value;
  try {
    return JSON.parse(input.value);
  } catch {
    return input.value;
  }
}

const fitsQuery = (value, about) => (typeof value === "string" ? value !== ""
  : value === undefined || (/^(boolean|integer|number)$/.test(about.type) && !about.enum && !("const" in about) && typeof value !== "object"));
