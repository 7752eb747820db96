import { expect, test } from "vitest";
import { connectionCause } from "./connection-causes";

const peer = { server: "mail.example", setting: "RESEND_BASE_URL" };
const withCode = (code: string) => Object.assign(new Error(code), { code });

test.each(["ENOTFOUND", "EAI_AGAIN"])(
  "fetch of a name that does not resolve (%s): the name and its setting are told",
  (code) => {
    const error = new TypeError("fetch failed", { cause: withCode(code) });
    expect(connectionCause(error, peer)).toBe(
      "The name of mail.example cannot be resolved. Check RESEND_BASE_URL, and this machine's DNS.",
    );
  },
);
