import { defineMethod } from "./method";

/** A link or code by email. It opens any account, also one that has no row for it. */
export const magicLinkMethod = defineMethod({
  id: "magic_link",
  storedName: "magic_link",
  rank: 1,
  needsRow: false,
  verifiesEmail: true,
  atFirstVerification: "stays",
  stepUp: null,
});
