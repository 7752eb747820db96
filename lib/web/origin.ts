/**
 * The same-origin proof, for pages, actions and routes alike. An Origin that is present must be
 * ours to the letter; `null` counts only where the browser itself says same-origin. Where it is
 * absent the browser's Sec-Fetch-Site must say so. With neither, nobody vouches for the sender.
 */
export function isSameOrigin(headers: Pick<Headers, "get">, origin: string): boolean {
  const sentBy = headers.get("origin");
  const fetchSite = headers.get("sec-fetch-site");
  if (sentBy !== null && sentBy !== "null") return sentBy === origin;
  return fetchSite === "same-origin";
}
