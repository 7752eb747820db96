import { defineMethod } from "./method";

export const passwordMethod = defineMethod({
  id: "password",
  storedName: "email",
  rank: 2,
  needsRow: true,
  verifiesEmail: true,
  atFirstVerification: "revoked",
  stepUp: "password",
});
