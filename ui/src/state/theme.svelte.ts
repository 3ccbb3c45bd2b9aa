/** Light or dark: the system's until a person chooses; kept in localStorage under `theme`. public/theme.js sets it before the first paint. */
export type Theme = "system" | "dark" | "light";

const KEY = "theme";

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "dark" || value === "light" ? value : "system";
  } catch {
    return "system";
  }
}

export class ThemeChoice {
  chosen = $state<Theme>(stored());
  #system = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    this.#system.addEventListener("change", () => this.#show());
    this.#show();
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // Without storage the choice holds until the window closes.
    }
    this.#show();
  }

  #show(): void {
    const dark = this.chosen === "dark" || (this.chosen === "system" && this.#system.matches);
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  }
}
