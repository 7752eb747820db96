import fc from "fast-check";

/**
 * One code point, of all there are but the halves of surrogate pairs. What fast-check calls "binary"
 * is the same, and takes a second of a processor to be made.
 */
const codePoint = fc
  .oneof(fc.integer({ min: 0, max: 0xd7_ff }), fc.integer({ min: 0xe0_00, max: 0x10_ff_ff }))
  .map(
    (point) => String.fromCodePoint(point),
    (text) => (text as string).codePointAt(0)!,
  );

/** Any text, also such as is dangerous to programs. */
export const anyText = (bounds: { minLength?: number; maxLength?: number } = {}) =>
  fc.string({ unit: codePoint, ...bounds });
