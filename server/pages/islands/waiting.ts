// A page that stands in for another one comes back by itself as soon as the server answers.

const FIRST_MS = 1_500;
const LONGEST_MS = 10_000;

const root = document.querySelector<HTMLElement>("[data-waits]");
if (root) wait(root, root.dataset["waits"] ?? "/healthz");

function wait(root: HTMLElement, address: string): void {
  let pause = FIRST_MS;
  let timer: number | undefined;

  const say = () => {
    for (const part of root.querySelectorAll<HTMLElement>("[data-when]")) {
      part.hidden = (part.dataset["when"] === "offline") === navigator.onLine;
    }
  };
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), pause);
    pause = Math.min(pause * 1.5, LONGEST_MS);
  };
  const ask = async () => {
    const answers = await fetch(address, { cache: "no-store" }).then(
      (response) => response.ok,
      () => false,
    );
    // Not reload(): what was posted is not to be posted again without a word.
    if (answers) window.location.replace(window.location.href);
    else later();
  };
  const changed = () => {
    say();
    pause = FIRST_MS;
    later();
  };

  window.addEventListener("online", changed);
  window.addEventListener("offline", changed);
  root.querySelector("[data-again]")?.addEventListener("click", (event) => {
    event.preventDefault();
    void ask();
  });
  changed();
}
