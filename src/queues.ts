/** Messages in one batch, as the platform has it. */
const AT_ONCE = 100;

/** Sends messages, however many. What is not sent is found by a later sweep. */
export async function sendAll<Body>(queue: Queue<Body>, bodies: readonly Body[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += AT_ONCE) {
    const batch = bodies.slice(from, from + AT_ONCE).map((body) => ({ body }));
    await queue.sendBatch(batch).catch(() => undefined);
  }
}
