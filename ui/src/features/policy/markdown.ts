/** The few signs of Markdown in which the privacy policy is written, as blocks. Nothing in it becomes markup. Pure. */
export type Block = { kind: "heading"; level: number; text: string } | { kind: "text"; text: string } | { kind: "list"; items: string[] };

/** Words without the signs for emphasis, code and links: "see [here](https://…)" is "see here (https://…)". */
function plain(text: string): string {
  return text
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, words: string, to: string) => (words === to ? words : `${words} (${to.replace(/^mailto:/, "")})`))
    .replace(/(\*\*|__|`)(.+?)\1/g, "$2")
    .trim();
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open = false;
  for (const line of markdown.split(/\r?\n/)) {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/.exec(line);
    const last = blocks.at(-1);
    if (line.trim() === "") open = false;
    else if (heading) {
      blocks.push({ kind: "heading", level: heading[1]!.length, text: plain(heading[2]!) });
      open = false;
    } else if (item) {
      if (last?.kind === "list") last.items.push(plain(item[1]!));
      else blocks.push({ kind: "list", items: [plain(item[1]!)] });
      open = true;
    } else if (open && last?.kind === "list") last.items[last.items.length - 1] += ` ${plain(line)}`;
    else if (open && last?.kind === "text") last.text += ` ${plain(line)}`;
    else {
      blocks.push({ kind: "text", text: plain(line) });
      open = true;
    }
  }
  return blocks;
}
