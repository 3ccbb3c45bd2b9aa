// Sets the theme before the first paint, and says which engine draws. The choice itself is made in src/state/theme.svelte.ts.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage can be switched off; the system's theme then holds.
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  // WebKit on Linux draws type differently; src/styles/tokens.css makes up for it.
  var agent = navigator.userAgent;
  if (agent.includes("Linux") && agent.includes("AppleWebKit") && !agent.includes("Chrome")) {
    document.documentElement.dataset.engine = "webkitgtk";
  }
})();
