// Calls of the HTTP API. The key goes into a header and never into an address.

const BASE = new URL("../", import.meta.url);
const KEY = "outlast-key";
// Kept by the browser until its tab is closed, and by nothing else.
export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

// A refused request. `field` names what is wrong of it; `unknown`: this app has no such function.
export class Problem extends Error {
  constructor(status, about = {}) {
    super(about.detail ?? about.title ?? `The app answered ${status}.`);
    Object.assign(this, { status, field: about.field, about });
    this.unknown = !about.title && (status === 404 || status === 405);
    if (this.unknown) this.message = "This app has no such function. A newer release may have it.";
  }
}

export function address(path, query = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if ((value ?? "") !== "") url.searchParams.set(name, value);
  }
  return url;
}

export const runPath = (id, what = "") => `runs/${encodeURIComponent(id)}${what}`;

export async function call(method, path, { query, body, headers = {}, signal } = {}) {
  const options = { method, body, signal, headers: { ...headers, "x-functions-key": key.get() ?? "" }, cache: "no-store" };
  let answer;
  try {
    answer = await fetch(address(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "No answer", detail: "The app cannot be reached." });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

export const getJson = async (path, query, signal) => (await call("GET", path, { query, signal })).json();
export const post = async (path, query, body, headers, signal) => (await call("POST", path, { query, body, headers, signal })).json();

export async function problemOf(answer) {
  if (answer.status === 401) dispatchEvent(new Event("key-refused"));
  return new Problem(answer.status, answer.status === 401 ? { title: "Refused", detail: "This key does not open the app." }
    : await answer.json().catch(() => ({})));
}

// The address of the next page of a list, from the header Link. Only the query is taken from it: behind a proxy the
// app may know itself by another name.
export function nextQuery(answer) {
  const next = /<([^>]*)>;\s*rel="next"/.exec(answer.headers.get("Link") ?? "");
  return next && Object.fromEntries(new URL(next[1], BASE).searchParams);
}
