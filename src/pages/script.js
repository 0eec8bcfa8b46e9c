// Adds comfort to pages that work without it: times in the browser's own zone, search while typing, news of lists, pages that follow.
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

  // A page that follows its server: of each list, what has changed is replaced, by its id; what somebody types elsewhere stays.
  const main = document.querySelector("main[data-follow]");
  if (!main) return;
  const follow = (old, now) => {
    const ids = new Set(Array.from(now.children, (one) => one.id));
    for (const one of [...old.children]) if (!ids.has(one.id)) one.remove();
    const there = new Map(Array.from(old.children, (one) => [one.id, one]));
    [...now.children].forEach((fresh, at) => {
      const one = there.get(fresh.id);
      if (!one) old.insertBefore(fresh, old.children[at] ?? null);
      else if (!one.isEqualNode(fresh)) one.replaceWith(fresh);
    });
  };
  const look = async () => {
    try {
      const answer = await fetch(location.pathname, { credentials: "same-origin" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const title = main.querySelector("h1");
      if (title.textContent !== fresh.querySelector("h1").textContent) return location.reload();
      const focused = document.activeElement?.id;
      for (const now of fresh.querySelectorAll("[data-each]")) follow(document.getElementById(now.id), now);
      if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
    } catch { /* The next news tries again. */ }
  };
  const news = new EventSource(main.dataset.follow);
  news.addEventListener("news", look);
  // What happened before the stream was open.
  news.addEventListener("open", look);
  // The time that is left goes down without news.
  setInterval(look, 5000);
})();
