/** A form as a browser sends it after a click on one of its buttons. */
export interface Form {
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** The form of a page that has this button. */
export function formWith(html: string, button: string): Form {
  for (const [, inside = ""] of withoutScriptless(html).matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)) {
    const clicked = [...inside.matchAll(/<button\b([^>]*)>(.*?)<\/button>/gs)].find(
      ([, , label = ""]) => textOf(withoutBadge(label)) === button,
    );
    if (!clicked) continue;
    const inputs = [...inside.matchAll(/<input\b([^>]*)>/g)].map(([, tag = ""]) => attributes(tag));
    const sent = inputs.filter(({ name, type }) => name !== undefined && type !== "checkbox");
    const own = attributes(clicked[1] ?? "");
    const fields = [...sent, ...(own.name === undefined ? [] : [own])].map(
      ({ name = "", value = "" }) => [name, value] as const,
    );
    // The action of the button overrides that of the form.
    const actions = fields.filter(([name]) => name.startsWith("$ACTION_ID_"));
    return { fields: fields.filter((field) => !actions.slice(0, -1).includes(field)) };
  }
  throw new Error(`No form with a button "${button}" in:\n${textOf(html)}`);
}

/** The labels of a page's submit buttons. */
export const buttonsIn = (html: string): string[] =>
  [...withoutScriptless(html).matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)].flatMap(([, inside = ""]) =>
    [...inside.matchAll(/<button\b[^>]*>(.*?)<\/button>/gs)].map(([, label = ""]) =>
      textOf(withoutBadge(label)),
    ),
  );

/** The visible text fields of a page, by name and kind. */
export const fieldsToType = (html: string): { name: string; type: "password" | "text" }[] =>
  [...withoutScriptless(html).matchAll(/<input\b([^>]*)>/g)]
    .map(([, tag = ""]) => attributes(tag))
    .filter(({ type }) => type !== "hidden" && type !== "checkbox")
    .map(({ name = "", type }) => ({ name, type: type === "password" ? "password" : "text" }));

/** A form with some values replaced, as a multipart body and its content type. */
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

/** Removes what only a browser without script shows. */
const withoutScriptless = (html: string) => html.replace(/<noscript>.*?<\/noscript>/gs, "");

/** The "last used" badge depends on earlier tests. */
const withoutBadge = (label: string) => label.replace(/<span class="badge">.*?<\/span>/g, "");

function attributes(tag: string): Partial<Record<string, string>> {
  return Object.fromEntries(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      unescape(value),
    ]),
  );
}

/** The visible text of a page. */
export const textOf = (html: string) =>
  unescape(
    html
      .replace(/<(script|style|title)\b.*?<\/\1>/gs, " ")
      .replace(/<!--.*?-->|<\/span><span class="unbroken">/gs, "")
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
