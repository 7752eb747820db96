/** A form as a browser would send it when one of its buttons is pressed. */
export interface Form {
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Finds the form with that button in a page. */
export function formWith(html: string, button: string): Form {
  for (const [, inside = ""] of withoutScriptless(html).matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)) {
    const pressed = [...inside.matchAll(/<button\b([^>]*)>(.*?)<\/button>/gs)].find(
      ([, , label = ""]) => textOf(withoutBadge(label)) === button,
    );
    if (!pressed) continue;
    const inputs = [...inside.matchAll(/<input\b([^>]*)>/g)].map(([, tag = ""]) => attributes(tag));
    const sent = inputs.filter(({ name, type }) => name !== undefined && type !== "checkbox");
    const own = attributes(pressed[1] ?? "");
    const fields = [...sent, ...(own.name === undefined ? [] : [own])].map(
      ({ name = "", value = "" }) => [name, value] as const,
    );
    // The action of the form yields to that of the button.
    const actions = fields.filter(([name]) => name.startsWith("$ACTION_ID_"));
    return { fields: fields.filter((field) => !actions.slice(0, -1).includes(field)) };
  }
  throw new Error(`No form with a button "${button}" in:\n${textOf(html)}`);
}

/** What is written on each button of a page that sends a form. */
export const buttonsIn = (html: string): string[] =>
  [...withoutScriptless(html).matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)].flatMap(([, inside = ""]) =>
    [...inside.matchAll(/<button\b[^>]*>(.*?)<\/button>/gs)].map(([, label = ""]) =>
      textOf(withoutBadge(label)),
    ),
  );

/** The fields of a page that people type in, by name, with what is typed: a password, or any text. */
export const fieldsToType = (html: string): { name: string; type: "password" | "text" }[] =>
  [...withoutScriptless(html).matchAll(/<input\b([^>]*)>/g)]
    .map(([, tag = ""]) => attributes(tag))
    .filter(({ type }) => type !== "hidden" && type !== "checkbox")
    .map(({ name = "", type }) => ({ name, type: type === "password" ? "password" : "text" }));

/** A form's fields with some of them typed over, as a multipart body and its type. */
export async function multipart(
  { fields }: Form,
  typed: Readonly<Record<string, string | readonly (string | File)[] | null>> = {},
): Promise<{ body: Buffer; type: string }> {
  const form = new FormData();
  for (const [name, value] of fields) if (!(name in typed)) form.append(name, value);
  for (const [name, values] of Object.entries(typed))
    for (const value of typeof values === "string" ? [values] : (values ?? []))
      form.append(name, value);
  const encoded = new Response(form);
  return {
    body: Buffer.from(await encoded.arrayBuffer()),
    type: encoded.headers.get("content-type") ?? "",
  };
}

/** What only a browser without script shows. */
const withoutScriptless = (html: string) => html.replace(/<noscript>.*?<\/noscript>/gs, "");

/** It may be what was used last in one test, and not in another. */
const withoutBadge = (label: string) => label.replace(/<span class="badge">.*?<\/span>/g, "");

function attributes(tag: string): Partial<Record<string, string>> {
  return Object.fromEntries(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      unescape(value),
    ]),
  );
}

/** What a page says, without its markup. */
export const textOf = (html: string) =>
  unescape(
    html
      .replace(/<(script|style|title)\b.*?<\/\1>/gs, " ")
      .replace(/<!--.*?-->/gs, "")
      .replace(/<[^>]*>/g, " "),
  )
    .replace(/\s+/g, " ")
    .trim();

const entities: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#x27;": "'",
};

const unescape = (text: string) =>
  text.replace(/&(amp|lt|gt|quot|#x27);/g, (entity) => entities[entity] ?? entity);
