import type { Letter } from "@/lib/letters";

const signIn = {
  to: "ada@example.com" as Letter["to"],
  verificationId: "00000000-0000-4000-8000-000000000000",
  token: "7hYt2mQpXo0R9sVbNcKdLeWfGzAiJuTxB4r6E8wM1k3",
  code: "482193",
  browser: "Firefox on Linux",
  askedAt: "2026-11-20T08:12:00.000Z",
};

/** One of each letter, for looking at. */
export const samples: { readonly [Kind in Letter["kind"]]: Extract<Letter, { kind: Kind }> } = {
  magic_link: { kind: "magic_link", ...signIn },
  sign_up_link: { kind: "sign_up_link", ...signIn },
};
