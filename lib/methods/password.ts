import { defineMethod } from "./method";

export const passwordMethod = defineMethod({
  id: "password",
  // The stored name of A1: an email address with a password.
  storedName: "email",
  rank: 2,
  needsRow: true,
  verifiesEmail: true,
  atFirstVerification: "revoked",
  stepUp: "password",
});
