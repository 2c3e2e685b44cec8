// Runs before the first paint: the page's theme and language, and honest words
// when the app cannot start. Everything else is the app's.
(() => {
  const root = document.documentElement;
  const kept = (key) => {
    try {
      return localStorage.getItem("trunkline." + key);
    } catch {
      return null;
    }
  };

  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const language = kept("language") || navigator.language || "en";
  root.lang = String(language).startsWith("ko") ? "ko" : "en";
  // The app's languages are read as a list, which not every browser has.
  if (!Array.isArray(navigator.languages)) {
    Object.defineProperty(navigator, "languages", { value: [root.lang], configurable: true });
  }

  const failed = () => {
    const boot = document.getElementById("boot");
    if (boot && !boot.dataset.state) boot.dataset.state = "failed";
  };
  addEventListener("error", failed, true);
  addEventListener("unhandledrejection", failed);
  addEventListener("click", (event) => {
    if (event.target.matches?.("#boot button")) location.reload();
  });
})();
