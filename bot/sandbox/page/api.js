// The JSON API of the pocket workspace, and its stream of changes.

/** GET one path below /pocket/; throws an Error with the server's word. */
export async function get(path) {
  return answerOf(await fetch(`/pocket/${path}`, { cache: "no-store" }));
}

/** POST an object to one path below /pocket/; throws an Error with the server's word. */
export async function post(path, body) {
  return answerOf(
    await fetch(`/pocket/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

async function answerOf(response) {
  const answer = await response.json().catch(() => ({ error: `HTTP ${response.status}` }));
  if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer;
}

/** Call `heard(topics)` whenever something changed, with [] for "anything may have"; `state(connected)` on changes. */
export function listen(heard, state) {
  const stream = new EventSource("/pocket/changes");
  stream.onopen = () => state(true);
  stream.onerror = () => state(false);
  stream.onmessage = (event) => heard(JSON.parse(event.data).topics);
}

/** A function that runs `work` now, or once more after the run under way: many calls, few runs. */
export function coalesced(work) {
  let running = false;
  let again = false;
  return async function run() {
    again = running;
    if (running) return;
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (again) run();
    }
  };
}
