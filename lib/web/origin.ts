/**
 * Whether a request comes from a page of this origin. An Origin header must equal our origin exactly.
 * Without one, or with `null`, the browser's Sec-Fetch-Site must be `same-origin`. A request with
 * neither header is not same-origin.
 */
export function isSameOrigin(headers: Pick<Headers, "get">, origin: string): boolean {
  const sentBy = headers.get("origin");
  const fetchSite = headers.get("sec-fetch-site");
  if (sentBy !== null && sentBy !== "null") return sentBy === origin;
  return fetchSite === "same-origin";
}
