// The service worker. It does one thing: where a page cannot be fetched, ours that says so is shown, and comes back by
// itself. It keeps that page in each language, and nothing else: no interview, no answer, no other page.

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Lasting {
  readonly request: Request;
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(answer: Promise<Response>): void;
}

interface Worker extends EventTarget {
  readonly clients: { claim(): Promise<void> };
  readonly registration: ServiceWorkerRegistration;
  skipWaiting(): Promise<void>;
}

const worker = self as unknown as Worker;

const KEPT = "viva-offline";
const LANGUAGES = ["en", "es"];
const LAST_LANGUAGE = "/offline/language";

worker.addEventListener("install", (event) => {
  (event as Lasting).waitUntil(keep().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  const ready = Promise.all([worker.registration.navigationPreload?.enable(), worker.clients.claim()]);
  (event as Lasting).waitUntil(ready);
});

worker.addEventListener("fetch", (event) => {
  const fetching = event as Fetching;
  const { request } = fetching;
  if (request.mode !== "navigate" || request.method !== "GET") return;
  fetching.respondWith(
    answer(fetching).catch(async () => (await offline()) ?? Response.error()),
  );
});

async function keep(): Promise<void> {
  const cache = await caches.open(KEPT);
  const pages = LANGUAGES.map((language) => `/offline/${language}`);
  await cache.addAll(pages.map((page) => new Request(page, { cache: "reload" })));
  // What the page is drawn with has a hash in its name: fetched once, the browser has it for a year.
  const markup = await (await cache.match(pages[0] as string))?.text();
  const files = [...(markup ?? "").matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)].map((found) => found[1] as string);
  await Promise.all(files.map((file) => fetch(file)));
}

async function answer(fetching: Fetching): Promise<Response> {
  const response = (await fetching.preloadResponse) ?? (await fetch(fetching.request));
  const language = response.headers.get("Content-Language");
  if (language && LANGUAGES.includes(language)) {
    const cache = await caches.open(KEPT);
    fetching.waitUntil(cache.put(LAST_LANGUAGE, new Response(language)));
  }
  return response;
}

async function offline(): Promise<Response | undefined> {
  const cache = await caches.open(KEPT);
  const language = (await (await cache.match(LAST_LANGUAGE))?.text()) ?? "en";
  return cache.match(`/offline/${language}`);
}
