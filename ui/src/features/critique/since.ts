/** What a critique says has become of the photo since the one before. Pure. */
import type { Critique, CritiqueChange, Dimension } from "../../contract/generated";

export type Direction = "better" | "same" | "worse";

export interface Since {
  better: string[];
  same: string[];
  worse: string[];
}

const WORDS: Record<string, Direction> = { better: "better", improved: "better", same: "same", unchanged: "same", worse: "worse" };

function said(changes: readonly CritiqueChange[], name: (dimension: Dimension) => string): Since {
  const since: Since = { better: [], same: [], worse: [] };
  for (const change of changes) since[WORDS[change.direction] ?? "same"].push(`${name(change.dimension)}: ${change.text}`);
  return since;
}

/** In the critique's own words where it has some; otherwise by its scores. Null when there is nothing to say. */
export function since(now: Critique, before: Critique | null, name: (dimension: Dimension) => string, moved: (name: string, from: number, to: number) => string): Since | null {
  if (now.changes !== undefined && now.changes.length > 0) return said(now.changes, name);
  if (before === null) return null;
  const result: Since = { better: [], same: [], worse: [] };
  for (const score of now.scores) {
    const was = before.scores.find((other) => other.dimension === score.dimension)?.score;
    if (was === undefined) continue;
    if (was === score.score) result.same.push(name(score.dimension));
    else result[score.score > was ? "better" : "worse"].push(moved(name(score.dimension), was, score.score));
  }
  return result;
}

/** Dimensions that a critique has looked at and found nothing in. */
export function untouched(critique: Critique): Dimension[] {
  const found = new Set(critique.findings.map((finding) => finding.dimension));
  return critique.scores.map((score) => score.dimension).filter((dimension) => !found.has(dimension) && dimension !== "unknown");
}
