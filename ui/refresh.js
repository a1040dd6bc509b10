// Asks again and again while the page is seen: at once when it is looked at, less often while the app does not answer.

const LONGEST = 30000; // milliseconds

// `ask` returns after how many milliseconds it is to be called again, or null for never. Returns a function that ends it.
export function refresh(ask, complain) {
  const ended = new AbortController();
  let waiting, busy = false, failures = 0;

  async function turn() {
    if (busy) return;
    clearTimeout(waiting);
    busy = true;
    let next;
    try {
      next = await ask(ended.signal);
      failures = 0;
      if (!ended.signal.aborted) complain(null);
    } catch (error) {
      if (ended.signal.aborted) return;
      complain(error);
      if ([401, 404, 410].includes(error.status)) return;
      next = Math.min(LONGEST, 2000 * 2 ** failures++);
    } finally {
      busy = false;
    }
    if (next !== null && !ended.signal.aborted) waiting = setTimeout(() => { if (!document.hidden) turn(); }, next);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); }, { signal: ended.signal });
  turn();
  return { again: turn, end: () => { clearTimeout(waiting); ended.abort(); } };
}
