// A browser's recogniser and voice for tests, as the standards describe them, driven by `fakeSpeech`.
(() => {
  const WORD_MS = 4;
  const fake = {
    denied: false,
    /** The voice stops after so many words and waits for `release()`. */
    holdAfter: Infinity,
    spoken: [],
    languages: [],
    session: null,
    held: null,
    utterance: null,

    /** Also told on the page itself, as data-ears, so that a test can wait for it. */
    set hears(session) {
      this.session = session;
      document.documentElement.dataset.ears = session ? "open" : "shut";
    },

    /** Somebody speaks: words come one by one as interim results, then the sentence as a final one. */
    async speak(text, { final = true } = {}) {
      const session = this.session;
      if (!session) throw new Error("nobody listens");
      const before = [...session.results];
      const words = text.split(" ");
      for (let count = 1; count <= words.length; count += 1) {
        session.give([...before, result(words.slice(0, count).join(" "), false)]);
        await new Promise((done) => setTimeout(done, 1));
        if (session !== this.session) return;
      }
      if (final) session.give([...before, result(text, true)]);
    },

    fail(error) {
      const session = this.session;
      session.emit("error", { error });
      session.finish();
    },

    release() {
      this.holdAfter = Infinity;
      this.held?.();
      this.held = null;
    },
  };

  function result(transcript, isFinal) {
    return Object.assign([{ transcript, confidence: 0.9 }], { isFinal });
  }

  class Recognition extends EventTarget {
    results = [];

    start() {
      fake.languages.push(this.lang);
      if (fake.denied) {
        setTimeout(() => {
          this.emit("error", { error: "not-allowed" });
          this.emit("end", {});
        });
        return;
      }
      setTimeout(() => {
        fake.hears = this;
        this.emit("start", {});
      });
    }

    stop() {
      const last = this.results.at(-1);
      if (last && !last.isFinal) this.give([...this.results.slice(0, -1), result(last[0].transcript, true)]);
      this.finish();
    }

    abort() {
      this.emit("error", { error: "aborted" });
      this.finish();
    }

    give(results) {
      this.results = results;
      this.emit("result", { results });
    }

    finish() {
      if (fake.session === this) fake.hears = null;
      setTimeout(() => this.emit("end", {}));
    }

    emit(kind, values) {
      this.dispatchEvent(Object.assign(new Event(kind), values));
    }
  }

  class Utterance extends EventTarget {
    voice = null;
    lang = "";

    constructor(text) {
      super();
      this.text = text;
    }

    emit(kind, values = {}) {
      this.dispatchEvent(Object.assign(new Event(kind), values));
    }
  }

  class Synthesis extends EventTarget {
    getVoices() {
      return ["en-GB", "en-US", "es-ES", "es-CO"].map((lang) => ({ lang, name: lang, localService: true }));
    }

    async speak(utterance) {
      fake.utterance = utterance;
      const current = () => fake.utterance === utterance;
      await new Promise((done) => setTimeout(done));
      if (!current()) return;
      utterance.emit("start");
      for (const word of utterance.text.matchAll(/\S+/g)) {
        if (fake.holdAfter <= 0) {
          document.documentElement.dataset.voice = "held";
          await new Promise((done) => (fake.held = done));
          delete document.documentElement.dataset.voice;
        }
        if (!current()) return;
        fake.holdAfter -= 1;
        utterance.emit("boundary", { name: "word", charIndex: word.index, charLength: word[0].length });
        await new Promise((done) => setTimeout(done, WORD_MS));
      }
      if (!current()) return;
      fake.utterance = null;
      fake.spoken.push({ text: utterance.text, lang: utterance.lang });
      utterance.emit("end");
    }

    cancel() {
      const { utterance } = fake;
      fake.utterance = null;
      fake.held?.();
      fake.held = null;
      if (utterance) setTimeout(() => utterance.emit("error", { error: "canceled" }));
    }
  }

  window.fakeSpeech = fake;
  window.SpeechRecognition = window.webkitSpeechRecognition = Recognition;
  window.SpeechSynthesisUtterance = Utterance;
  Object.defineProperty(window, "speechSynthesis", { value: new Synthesis(), configurable: true });
})();
