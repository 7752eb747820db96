import type { ServerResponse } from "node:http";

/**
 * What is done after responses, such as refunding limits: nobody waits for it, and a server that closes
 * does not lose it. The tasks handle their own errors.
 */
export class AfterResponses {
  readonly #pending = new Set<Promise<unknown>>();

  /** Takes the tasks of one response. They run when it is sent, or its connection is lost. */
  of(response: ServerResponse): (task: () => unknown) => void {
    let isClosed = false;
    const waiting: (() => unknown)[] = [];
    response.once("close", () => {
      isClosed = true;
      for (const task of waiting.splice(0)) this.#run(task);
    });
    return (task) => {
      if (isClosed) this.#run(task);
      else waiting.push(task);
    };
  }

  #run(task: () => unknown): void {
    const run = Promise.resolve(task()).finally(() => this.#pending.delete(run));
    this.#pending.add(run);
  }

  /** Resolves when no task is running. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
