import type { Duration } from "@/lib/core/duration";
import { intervals } from "@/lib/core/policy";

/** A server that this process connects to, as the operator knows it. */
interface Peer {
  /** Host and port. */
  readonly server: string;
  /** The variable that names it. */
  readonly setting: string;
  /** How long a response was waited for; `intervals.mailTimeout` by default. */
  readonly timeout?: Duration;
}

const certificate = (what: string, whatToDo: string) => (peer: Peer) =>
  `The TLS certificate of ${peer.server} ${what}. ${whatToDo}`;

const untrusted = certificate(
  "is not from an authority that this machine trusts",
  "Give the server a certificate of a public authority, or name a file with its own authority in NODE_EXTRA_CA_CERTS.",
);
const unresolved = ({ server, setting }: Peer) =>
  `The name of ${server} cannot be resolved. Check ${setting}, and this machine's DNS.`;
const silent = ({ server, setting, timeout = intervals.mailTimeout }: Peer) =>
  `${server} did not respond within ${timeout} seconds. Check host and port in ${setting}, and whether a firewall blocks them.`;
const unreachable = ({ server }: Peer) =>
  `There is no network route to ${server}. Check this machine's network and firewall.`;
const closed = ({ server, setting }: Peer) =>
  `${server} closed the connection without a reply. Check host and port in ${setting}, and the log of that server.`;
const withoutTls = ({ server, setting }: Peer) =>
  `${server} does not speak TLS at the beginning of a connection. Check scheme and port in ${setting}.`;

/** What to tell for each code of Node, of OpenSSL and of Node's fetch. */
const causes: Readonly<Record<string, (peer: Peer) => string>> = {
  ECONNREFUSED: ({ server, setting }) =>
    `No server accepts connections at ${server}. Check host and port in ${setting}, and that the server runs.`,
  ENOTFOUND: unresolved,
  EAI_AGAIN: unresolved,
  ETIMEDOUT: silent,
  ESOCKETTIMEDOUT: silent,
  UND_ERR_CONNECT_TIMEOUT: silent,
  UND_ERR_HEADERS_TIMEOUT: silent,
  UND_ERR_BODY_TIMEOUT: silent,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
  ECONNRESET: closed,
  ECONNABORTED: closed,
  ECONNECTION: closed,
  EPIPE: closed,
  UND_ERR_SOCKET: closed,
  EPROTO: withoutTls,
  ERR_SSL_WRONG_VERSION_NUMBER: withoutTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: withoutTls,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_HAS_EXPIRED: certificate(
    "has expired",
    "Renew it there, or correct this machine's clock if it is wrong.",
  ),
  CERT_NOT_YET_VALID: certificate(
    "is not valid yet",
    "Correct this machine's clock if it is wrong.",
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: ({ server, setting }) =>
    `The TLS certificate of ${server} is for another host name. Use the name in the certificate in ${setting}.`,
};

/**
 * Why a connection failed, in words that an operator can act on; undefined for an unknown reason. Reads
 * the codes of an error and of its causes, innermost first: libraries wrap what they were given.
 */
export function connectionCause(error: unknown, peer: Peer): string | undefined {
  for (const code of codesOf(error).reverse()) {
    const sentence = causes[code]?.(peer);
    if (sentence) return sentence;
  }
  return undefined;
}

/** The codes of an error and of its causes, outermost first. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { code, originalCode, cause } = error as {
    code?: unknown;
    originalCode?: unknown;
    cause?: unknown;
  };
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : codesOf(cause);
  return [code, originalCode].filter((one) => typeof one === "string").concat(inner);
}
