// Makes elements. Every text becomes a text node, so nothing that a caller, a file or a report says is ever read as
// HTML; the Content-Security-Policy forbids the ways around this.

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) set(made, key, value);
  made.append(...children.flat(Infinity).filter((child) => (child ?? false) !== false));
  return made;
}

function set(made, key, value) {
  if ((value ?? false) === false) return;
  if (typeof value === "function") made.addEventListener(key, value);
  else if (key === "style") for (const [name, text] of Object.entries(value)) made.style.setProperty(name, text);
  else made.setAttribute(key, value === true ? "" : value);
}

export const at = (id) => document.getElementById(id);

export function card(title, attributes, ...children) {
  const id = `about-${title.toLowerCase().replace(/\W+/g, "-")}`;
  const heading = title && el("h2", { id }, title);
  return el("section", { class: "card", "aria-labelledby": id, ...attributes }, heading, ...children);
}

// Headings are texts, or [text, class] where the column is right-aligned or hidden on a phone.
export function table(label, headings, rows) {
  const head = headings.map((heading) => {
    const [text, kind] = [heading].flat();
    return el("th", { scope: "col", class: kind }, text);
  });
  const made = el("table", { "aria-label": label }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
  // A region that scrolls must be reachable by the keyboard.
  return el("div", { class: "wide", role: "region", tabindex: "0", "aria-label": label }, made);
}

export function facts(pairs) {
  const shown = pairs.filter(([, value]) => (value ?? "") !== "");
  return el("dl", { class: "facts" }, shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

// Replaces the content only when what it shows has changed, so that a refresh neither moves the focus nor closes what
// was opened.
export function showIn(parent, data, make) {
  const signature = JSON.stringify(data);
  if (parent.shownData === signature) return;
  parent.shownData = signature;
  const focused = parent.contains(document.activeElement) ? pathTo(parent, document.activeElement) : null;
  parent.replaceChildren(...[make(data)].flat(Infinity).filter(Boolean));
  if (focused) focused.reduce((node, index) => node?.children[index], parent)?.focus();
}

function pathTo(parent, node) {
  const path = [];
  for (; node !== parent; node = node.parentElement) path.unshift([...node.parentElement.children].indexOf(node));
  return path;
}

// Says something to everybody: seen for a while, read by screen readers.
let silence;
export function say(text) {
  at("said").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { at("said").textContent = ""; }, 6000);
}
