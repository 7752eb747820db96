/** The headers that name the user; empty ones for nobody. */
export const identity = (user: { readonly userId: string; readonly email: string } | null) => ({
  "Remote-User": inHeader(user?.userId ?? ""),
  "Remote-Email": inHeader(user?.email ?? ""),
});

/** A text as a header's value. The percent sign is encoded too, so that decoding gives the text again. */
export const inHeader = (text: string): string => (isPlain.test(text) ? text : encoded(text));

/** Visible ASCII without the percent sign. */
const isPlain = /^[!-$&-~]*$/;

const encoded = (text: string) =>
  [...Buffer.from(text, "utf8")]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
