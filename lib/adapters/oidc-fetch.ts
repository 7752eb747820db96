import { bounds, intervals } from "@/lib/core/policy";

/** There is no answer; the message says why, in a word that never changes and repeats nothing of theirs. */
export class ProviderError extends Error {}

/** A whole answer, as text that is JSON. */
export interface ProviderResponse {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

/**
 * What a provider answers, whatever its status, as long as it is JSON of at most
 * `bounds.providerAnswerBytes` and not about being away (429, 5xx). Never follows a redirect: what
 * is sent holds a secret or a token. Throws `Trouble` where there is no such answer.
 */
export async function fetchJson(
  asked: Request,
  signal: AbortSignal,
  type = /^application\/json$/,
): Promise<ProviderResponse> {
  try {
    // `redirect: "error"` would look like a broken connection; and Next's fetch may cache.
    const response = await fetch(asked, { signal, redirect: "manual", cache: "no-store" });
    const errorCode = errorCodeOf(response, type);
    if (errorCode) {
      // Not awaited: Next's fetch may hold a copy, and until that is let go the end never comes.
      response.body?.cancel().catch(() => {});
      throw new ProviderError(errorCode);
    }
    const text = await textOf(response);
    return { status: response.status, text, json: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    if (error instanceof SyntaxError) throw new ProviderError("not_json");
    throw new ProviderError(signal.aborted ? "timeout" : "unreachable");
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
  // Counted as they are unpacked: a small answer may hold a large one.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bounds.providerAnswerBytes) throw new ProviderError("too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The time in which a provider has to have answered, from now on. */
export const requestTimeout = () => AbortSignal.timeout(intervals.providerAnswer * 1000);
