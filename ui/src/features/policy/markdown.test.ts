import { describe, expect, it } from "vitest";

import { blocksOf } from "./markdown";

describe("the policy's text", () => {
  it("becomes headings, paragraphs and lists", () => {
    const text = "# Privacy\n\nWe keep **little**,\nand say `what`.\n\n## List\n- one\n  more of one\n- [two](https://a.example/b)\n\n1. three\n\nEnd";
    expect(blocksOf(text)).toEqual([
      { kind: "heading", level: 1, text: "Privacy" },
      { kind: "text", text: "We keep little, and say what." },
      { kind: "heading", level: 2, text: "List" },
      { kind: "list", items: ["one more of one", "two (https://a.example/b)", "three"] },
      { kind: "text", text: "End" },
    ]);
  });

  it("keeps what looks like markup as words", () => {
    expect(blocksOf("<script>alert(1)</script>")).toEqual([{ kind: "text", text: "<script>alert(1)</script>" }]);
  });
});
