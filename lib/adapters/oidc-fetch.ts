import { bounds, intervals } from "@/lib/core/policy";

/** A provider sent no usable response. The message is a fixed word, never a text of the provider. */
export class ProviderError extends Error {}

/** A complete JSON response. */
export interface ProviderResponse {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

/**
 * Sends a request to a provider and returns its response: JSON of at most
 * `bounds.providerResponseBytes`, with any status but 3xx, 429 and 5xx. Never follows a redirect,
 * because the request contains a secret or a token. Throws `ProviderError` for any other response.
 */
export async function fetchJson(
  request: Request,
  signal: AbortSignal,
  type = /^application\/json$/,
): Promise<ProviderResponse> {
  // Not the signal itself: it outlives this request, and must not abort one that is over.
  const controller = new AbortController();
  const onTimeout = () => controller.abort();
  signal.addEventListener("abort", onTimeout);
  if (signal.aborted) onTimeout();
  try {
    const { url, method, headers } = request;
    const body = method === "POST" ? await request.text() : null;
    // Next's fetch would copy a `Request`, and lose its signal when a copy is collected as garbage. It
    // may also cache. `redirect: "error"` could not be told from a broken connection.
    const response = await fetch(url, {
      method,
      headers,
      body,
      signal: controller.signal,
      redirect: "manual",
      cache: "no-store",
    });
    const errorCode = errorCodeOf(response, type);
    if (errorCode) throw new ProviderError(errorCode);
    const text = await textOf(response);
    return { status: response.status, text, json: JSON.parse(text) as unknown };
  } catch (error) {
    // Closes the connection, whose response may be endless.
    controller.abort();
    if (error instanceof ProviderError) throw error;
    if (error instanceof SyntaxError) throw new ProviderError("not_json");
    throw new ProviderError(signal.aborted ? "timeout" : "unreachable");
  } finally {
    signal.removeEventListener("abort", onTimeout);
  }
}

function errorCodeOf({ status, headers }: Response, type: RegExp) {
  if (status >= 300 && status < 400) return "redirect";
  if (status === 429 || status >= 500) return `status_${status}`;
  const [given = ""] = (headers.get("content-type") ?? "").split(";");
  return type.test(given.trim().toLowerCase()) ? null : "not_json";
}

async function textOf({ body }: Response) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Counted after decompression: a small compressed body may be large.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bounds.providerResponseBytes) throw new ProviderError("too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A signal that aborts `intervals.providerTimeout` seconds from now. */
export const requestTimeout = () => AbortSignal.timeout(intervals.providerTimeout * 1000);
