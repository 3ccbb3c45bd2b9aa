import { describe, expect, it } from "vitest";

import type { Critique, Score } from "../../contract/generated";
import { since, untouched } from "./since";

const critique = (scores: [Score["dimension"], number][], rest: Partial<Critique> = {}): Critique => ({
  summary: "",
  strengths: [],
  findings: [],
  scores: scores.map(([dimension, score]) => ({ dimension, score, reason: "" })),
  suggestions: [],
  measured_by: "sandbox measurements",
  strictness: "",
  genre: "",
  ...rest,
});
const compare = (now: Critique, before: Critique | null) =>
  since(
    now,
    before,
    (dimension) => dimension,
    (name, from, to) => `${name} ${from}>${to}`,
  );

describe("since the previous version", () => {
  it("uses the critique's own words where it has some", () => {
    const now = critique([["light", 9]], {
      changes: [
        { dimension: "light", direction: "better", text: "whites hold detail" },
        { dimension: "focus", direction: "a word from the future", text: "as it was" },
      ],
    });
    expect(compare(now, critique([["light", 1]]))).toEqual({ better: ["light: whites hold detail"], same: ["focus: as it was"], worse: [] });
  });

  it("compares scores otherwise", () => {
    const before = critique([["light", 5], ["focus", 7], ["colour", 6]]);
    const now = critique([["light", 7], ["focus", 6], ["colour", 6], ["moment", 3]]);
    expect(compare(now, before)).toEqual({ better: ["light 5>7"], same: ["colour"], worse: ["focus 7>6"] });
  });

  it("says nothing without a version before", () => expect(compare(critique([["light", 5]]), null)).toBeNull());
});

describe("dimensions without findings", () => {
  it("are those that were looked at", () => {
    const finding = { number: 1, dimension: "light" as const, title: "", text: "", evidence: "", confidence: "high" as const, severity: "low" as const };
    expect(untouched(critique([["light", 5], ["colour", 8], ["unknown", 5]], { findings: [finding] }))).toEqual(["colour"]);
  });
});
