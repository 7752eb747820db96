import type { CSSProperties } from "react";

// Email programs do not support custom properties and layers, so these are the values of the light
// theme. Programs with a dark mode convert the colours themselves.
const text = "#1A1D1B";
const accent = "#0A5C4F";

export const styles = {
  body: {
    margin: 0,
    padding: "24px 16px",
    backgroundColor: "#FAFAF7",
    color: text,
    fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  },
  column: {
    margin: 0,
    maxWidth: "30rem",
    borderInlineStart: `3px solid ${accent}`,
    paddingInlineStart: "20px",
  },
  heading: { margin: "0 0 12px", fontSize: "22px", lineHeight: "28px", fontWeight: 620 },
  text: { margin: "0 0 16px", fontSize: "16px", lineHeight: "24px" },
  code: {
    fontFamily: "ui-monospace, Menlo, Consolas, monospace",
    fontSize: "28px",
    fontWeight: 620,
  },
  button: {
    display: "inline-block",
    margin: "0 0 16px",
    padding: "12px 20px",
    borderRadius: "6px",
    backgroundColor: accent,
    color: "#FFFFFF",
    fontSize: "16px",
    fontWeight: 560,
  },
  url: { color: accent, wordBreak: "break-all" },
  hint: { margin: "0 0 12px", fontSize: "14px", lineHeight: "21px", color: "#4B524E" },
} as const satisfies Record<string, CSSProperties>;
