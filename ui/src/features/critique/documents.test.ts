import { describe, expect, it } from "vitest";

import { documentName } from "./documents";

describe("names of documents", () => {
  it.each([
    ["P1040219.jpg", "critique", "pdf", "P1040219-critique.pdf"],
    ["a lake: at dawn?.JPEG", "critique", "markdown", "a lake- at dawn--critique.md"],
    ["../../etc/passwd", "critique", "pdf", "..-..-etc-passwd-critique.pdf"],
    ["v1.2 draft", "compare", "pdf", "v1.2 draft-comparison.pdf"],
    [null, "critique", "pdf", "photo-critique.pdf"],
  ] as const)("from %s", (name, kind, format, expected) => expect(documentName({ name, kind }, format)).toBe(expected));
});
