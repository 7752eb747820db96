/** What a request asks for, and of which server. */
export interface RequestTarget {
  /** The authority: of the absolute form its own, else the Host header. Empty when it is none of http. */
  readonly host: string;
  /** The path and query; other text for the asterisk form, and for what is no target. */
  readonly path: string;
  readonly isAbsolute: boolean;
}

/** Reads a request target (RFC 9112, section 3.2). Proxies send the absolute form, "http://host/path". */
export function readTarget(url: string, hostHeader: string): RequestTarget {
  if (url.startsWith("/")) return { host: hostHeader, path: url, isAbsolute: false };
  const [, start, path = ""] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/is.exec(url) ?? [];
  if (start === undefined) return { host: hostHeader, path: url, isAbsolute: false };
  const authority = URL.canParse(start) ? new URL(start) : null;
  // User information in a target is an error or an attack (RFC 9110, section 4.2.4).
  const isOfHttp =
    authority && /^https?:$/.test(authority.protocol) && !authority.username && !authority.password;
  return {
    host: isOfHttp ? authority.host : "",
    path: path.startsWith("/") ? path : `/${path}`,
    isAbsolute: true,
  };
}
