import type { OutgoingHttpHeader, ServerResponse } from "node:http";

/** A page whose response was held back. Its headers are those of the response. */
export interface HeldPage {
  readonly status: number;
  readonly html: string;
}

/**
 * Holds a response back until it is complete, then sends what `finish` returns. Responses whose status and
 * content type are not `wanted` pass through, and may stream. `finish` may change the response's headers.
 * When it throws, the connection is closed.
 */
export function holdPage(
  response: ServerResponse,
  wanted: (status: number, type: string) => boolean,
  finish: (page: HeldPage) => HeldPage | Promise<HeldPage>,
): void {
  const { writeHead, flushHeaders, write, end } = response;
  const chunks: Buffer[] = [];
  let isHeld = false;
  // Decided at the first write: once headers are sent, the response cannot be held.
  const holds = () => {
    if (!isHeld && !response.headersSent)
      isHeld = wanted(response.statusCode, String(response.getHeader("Content-Type") ?? ""));
    return isHeld;
  };
  const push = (chunk: unknown, encoding?: unknown) => {
    if (chunk === null || chunk === undefined || typeof chunk === "function") return;
    chunks.push(
      typeof chunk === "string"
        ? Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8")
        : Buffer.from(chunk as Uint8Array),
    );
  };

  response.writeHead = ((status: number, ...rest: unknown[]) => {
    const headers = rest.find((part) => typeof part === "object" && part !== null);
    for (const [name, value] of Object.entries(headers ?? {}))
      response.setHeader(name, value as OutgoingHttpHeader as string);
    response.statusCode = status;
    return holds() ? response : writeHead.call(response, status);
  }) as typeof writeHead;
  response.flushHeaders = () => {
    if (!holds()) flushHeaders.call(response);
  };
  response.write = ((chunk: unknown, ...rest: unknown[]) => {
    if (!holds()) return Reflect.apply(write, response, [chunk, ...rest]) as boolean;
    push(chunk, rest[0]);
    const done = rest.find((part) => typeof part === "function");
    if (done) process.nextTick(done);
    return true;
  }) as typeof write;
  response.end = ((...args: unknown[]) => {
    Object.assign(response, { writeHead, flushHeaders, write, end });
    if (!holds()) return Reflect.apply(end, response, args) as ServerResponse;
    push(args[0], args[1]);
    const done = args.find((part) => typeof part === "function") as (() => void) | undefined;
    const html = Buffer.concat(chunks).toString();
    void Promise.resolve(finish({ status: response.statusCode, html })).then(
      (page) => {
        response.statusCode = page.status;
        // A response to HEAD has no body, and the headers of the page.
        if (html || page.html) response.setHeader("Content-Length", Buffer.byteLength(page.html));
        end.call(response, page.html, "utf8", done);
      },
      () => response.destroy(),
    );
    return response;
  }) as typeof end;
}
