// Asks again and again while the page is seen: at once when it is looked at, less often while the app does not answer.

import { el, showIn } from "./dom.js";

const LONGEST = 30000; // milliseconds

// What to say of a failure, and after how many milliseconds to ask again, or null for never.
const after = ({ status, message }, failures) => [status === 0 ? `${message} It is tried again.` : message,
  [401, 404, 410].includes(status) ? null : Math.min(LONGEST, 2000 * 2 ** failures)];

// `ask` returns after how many milliseconds it is to be called again, or null for never. `complain` gets a text, which is
// empty when all is well.
export function refresh(ask, complain) {
  const ended = new AbortController();
  let waiting, busy = false, failures = 0;

  async function turn() {
    if (busy || ended.signal.aborted) return;
    clearTimeout(waiting);
    busy = true;
    let said = "", next;
    try {
      next = await ask(ended.signal);
      failures = 0;
    } catch (error) {
      [said, next] = after(error, failures++);
    }
    busy = false;
    if (ended.signal.aborted) return;
    complain(said);
    if (next !== null) waiting = setTimeout(() => { if (!document.hidden) turn(); }, next);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); }, { signal: ended.signal });
  turn();
  return { again: turn, end: () => { clearTimeout(waiting); ended.abort(); } };
}

// Content that is fetched when what it depends on has changed, and after a failure. Each poll of `view` calls it.
export function fetched(content) {
  let known, last = 0, seen = 0, failures = 0;
  return async (now, view, fetch, shown) => {
    if (known === now) return;
    known = now;
    const turn = ++last;
    try {
      const found = await fetch();
      if (turn < seen) return;
      seen = turn;
      failures = 0;
      showIn(content, [now, found], () => shown(found));
    } catch (error) {
      if (turn !== last) return;
      const [said, next] = after(error, failures++);
      showIn(content, said, () => el("p", { role: "alert" }, said));
      if (next !== null) setTimeout(() => { if (turn === last) { known = null; if (!document.hidden) view.again(); } }, next);
    }
  };
}
