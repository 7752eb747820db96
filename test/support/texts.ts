import fc from "fast-check";

/**
 * Any code point except surrogates. fast-check's "binary" unit is the same, and takes a second to
 * create.
 */
const codePoint = fc
  .oneof(fc.integer({ min: 0, max: 0xd7_ff }), fc.integer({ min: 0xe0_00, max: 0x10_ff_ff }))
  .map(
    (point) => String.fromCodePoint(point),
    (text) => (text as string).codePointAt(0)!,
  );

/** Any text, also dangerous ones. */
export const anyText = (bounds: { minLength?: number; maxLength?: number } = {}) =>
  fc.string({ unit: codePoint, ...bounds });
