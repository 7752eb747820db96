import { createHash } from "node:crypto";

/** A large number for an address: the same at every start, and different at each provider. */
export function numberFrom(provider, email) {
  const hash = createHash("sha256").update(`${provider} ${email.toLowerCase()}`);
  return BigInt(`0x${hash.digest("hex")}`);
}

/** The user chosen on the page: a predefined one, or one that was typed in. */
export function personFrom(as, form) {
  const ready = as.people[form.get("person")];
  const typed = (name) => (form.get(name) ?? "").trim();
  const person = ready ?? {
    email: typed("email"),
    verified: form.has("verified"),
    hd: typed("hd"),
  };
  const [name] = (person.email || "somebody").split("@");
  return { ...person, name, number: typed("number") || as.accountNumber(person.email) };
}
