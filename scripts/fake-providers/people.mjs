import { createHash } from "node:crypto";

/** A large number that is the same for an address at every start, and another at each provider. */
export function numberFrom(provider, email) {
  const hash = createHash("sha256").update(`${provider} ${email.toLowerCase()}`);
  return BigInt(`0x${hash.digest("hex")}`);
}

/** Who was chosen on the page: one of the ready-made people, or somebody typed in. */
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
