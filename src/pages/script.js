// Adds comfort to pages that work without it: times in the browser's own zone, search while typing, news of lists.
"use strict";
(() => {
  const language = document.documentElement.lang;
  const local = (root) => {
    const style = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    for (const time of root.querySelectorAll("time[data-local]")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.valueOf())) {
        time.title = time.textContent;
        time.textContent = style.format(at);
      }
    }
  };
  local(document);

  // The code of a sign-in link stands behind the address, where no server and no log sees it.
  const code = /^#code=([A-Za-z0-9_-]+)$/.exec(location.hash);
  const field = document.getElementById("secret-code");
  if (code && field) {
    field.value = code[1];
    history.replaceState(null, "", location.pathname + location.search);
    field.form.querySelector("button").focus();
  }

  // What is wrong with a form is read first.
  requestAnimationFrame(() => document.getElementById("faults")?.focus());

  // A form is sent once, however often it is clicked; coming back by Back makes it whole again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // The part `data-part` of a form's answer replaces that of this page; focus stays where it is.
  const form = document.querySelector("form[data-live-search]");
  const part = form && document.getElementById(form.dataset.liveSearch);
  if (part) {
    let waiting, asked;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        asked?.abort();
        asked = new AbortController();
        const address = new URL(form.action);
        address.search = new URLSearchParams(new FormData(form)).toString();
        try {
          const answer = await fetch(address, { signal: asked.signal, credentials: "same-origin" });
          if (!answer.ok || answer.redirected) return;
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
          if (!fresh) return;
          local(fresh);
          part.replaceChildren(...fresh.childNodes);
          history.replaceState(null, "", address);
        } catch { /* The button is still there. */ }
      }, 250);
    });
  }

  // A list whose server tells of news says so; whoever reads decides when it is read anew.
  for (const live of document.querySelectorAll("[data-live]")) {
    const news = new EventSource(live.dataset.live);
    news.addEventListener("news", () => { live.hidden = false; news.close(); });
  }
})();
