import { describe, expect, it } from "vitest";

import type { Code, Problem } from "../contract/generated";
import source from "../contract/generated.ts?raw";
import { adviceFor, ERROR_WORDS, errorWords, worthRetrying } from "./words";

/** The codes as the generated contract lists them, so that a code added in Rust fails here until it has its words. */
function codesOfTheContract(): string[] {
  const line = /export type Code = ([^;]+);/.exec(source)?.[1] ?? "";
  return [...line.matchAll(/"([a-z_]+)"/g)].map((match) => match[1]!);
}

describe("error words", () => {
  it("has words for every code and for nothing else", () => {
    const codes = codesOfTheContract();
    expect(codes.length).toBeGreaterThan(10);
    expect(Object.keys(ERROR_WORDS).sort()).toEqual(codes.sort());
  });

  it.each(Object.entries(ERROR_WORDS))("says %s in a few words and a sentence", (_code, entry) => {
    expect(entry.title.split(" ").length).toBeLessThanOrEqual(3);
    expect(entry.title).not.toMatch(/[.!]/);
    expect(entry.advice).toMatch(/^[A-Z].*\.$/);
    expect(entry.advice).not.toMatch(/!|Oops|sorry/i);
  });

  it("gives advice only where the problem's own words do not", () => {
    const problem: Problem = { code: "file_damaged", message: "“/p/v1.2/a.jpg” ends early.", retryable: false };
    expect(adviceFor(problem)).toBe(ERROR_WORDS.file_damaged.advice);
    expect(adviceFor({ ...problem, message: "“/p/a.jpg” ends early. Copy it again." })).toBeNull();
  });

  it("offers another try where one may help", () => {
    const problem: Problem = { code: "not_a_photo", message: "No photo.", retryable: false };
    expect(worthRetrying(problem)).toBe(false);
    expect(worthRetrying({ ...problem, retryable: true })).toBe(true);
    expect(worthRetrying({ ...problem, code: "file_missing" })).toBe(true);
  });

  it("treats a code it does not know as a fault", () => {
    const problem: Problem = { code: "from_the_future" as Code, message: "What.", retryable: false };
    expect(errorWords(problem)).toBe(ERROR_WORDS.internal);
  });
});
