// On every page: have the worker ready that says what is wrong when the server cannot be reached.

if ("serviceWorker" in navigator) {
  window.addEventListener("load", () => {
    // Without it everything works; the browser's own page then says that the server is away.
    navigator.serviceWorker.register("/worker.js").catch(() => undefined);
  });
}
