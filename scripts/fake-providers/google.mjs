import { numberFrom } from "./people.mjs";

/** How Google differs from other providers, by its documentation and its responses. */
export const google = {
  id: "google",
  name: "Google",
  path: "",
  clientAuthMethods: ["client_secret_basic", "client_secret_post"],
  cancelled: ["access_denied", "The user denied the request"],
  hasWorkspaces: true,
  people: [
    { email: "ada@gmail.com", verified: true, about: "Verified; Google speaks for gmail.com." },
    { email: "ada@example.com", verified: true, about: "Verified; the mailbox is elsewhere." },
    {
      email: "leo@corp.example",
      verified: true,
      hd: "corp.example",
      about: "Verified; of the workspace corp.example.",
    },
    { email: "unverified@example.com", verified: false, about: "Not verified." },
    { email: "", verified: false, about: "Google tells no address." },
  ],
  accountNumber: (email) =>
    `1${(numberFrom("google", email) % 10n ** 20n).toString().padStart(20, "0")}`,
  claims: ({ email, verified, hd, name }) => ({
    name,
    ...(email && { email, email_verified: verified }),
    ...(hd && { hd }),
  }),
};
