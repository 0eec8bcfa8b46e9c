// Adds comfort to a workstation's pages, which work without it: they go on by themselves, say which rules a PIN keeps already,
// and take typing for a sign that somebody is there.
"use strict";
(() => {
  const main = document.querySelector("main[data-scene]");
  if (!main) return;
  requestAnimationFrame(() => document.getElementById("faults")?.focus());

  // A form is sent once, however often it is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
  });

  // Another scene is another page; within one, the warning and the progress are replaced, and focus stays where it is.
  const look = async () => {
    try {
      const answer = await fetch("/", { credentials: "same-origin" });
      if (!answer.ok) return location.replace("/");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (fresh.querySelector("main")?.dataset.scene !== main.dataset.scene) return location.replace("/");
      for (const id of ["warning", "progress"]) {
        const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
        if (old && now && old.innerHTML !== now.innerHTML) old.replaceChildren(...now.childNodes);
      }
    } catch { /* The next news tries again. */ }
  };
  const news = new EventSource("/events");
  news.addEventListener("news", look);
  // What happened before the stream was open.
  news.addEventListener("open", look);

  let told = 0;
  addEventListener("keydown", () => {
    if (Date.now() - told < 5000) return;
    told = Date.now();
    fetch("/act", { method: "POST", credentials: "same-origin", redirect: "manual", body: new URLSearchParams({ act: "more-time" }) }).catch(() => {});
  });

  // The same rules as those of the kiosk, which judges again.
  const rules = document.getElementById("rules");
  const [typed, again] = ["new-pin", "again"].map((id) => document.getElementById(id));
  if (!rules || !typed || !again) return;
  const repeats = (text) => [1, 2, 3].some((block) => text.length >= 2 * block && text.slice(block) === text.slice(0, text.length - block));
  const follow = (text, step) => text.length > 2 && [...text].slice(1).every((next, at) => {
    const [low, high] = step > 0 ? [text[at], next] : [next, text[at]];
    return high.charCodeAt(0) === low.charCodeAt(0) + 1 || (low === "9" && high === "0");
  });
  const keeps = {
    length: (text) => [...text].length >= rules.dataset.shortest && new TextEncoder().encode(text).length <= rules.dataset.longest,
    digits: (text) => /^[0-9]+$/.test(text),
    trivial: (text) => text !== "" && !repeats(text) && !follow(text, 1) && !follow(text, -1),
    again: (text) => text !== "" && text === again.value,
  };
  const judge = () => {
    for (const rule of rules.querySelectorAll("[data-rule]")) {
      const kept = keeps[rule.dataset.rule](typed.value);
      rule.dataset.kept = kept ? "yes" : "no";
      let said = rule.querySelector(".hidden");
      if (!said) { said = document.createElement("span"); said.className = "hidden"; rule.append(said); }
      said.textContent = kept ? ` (${rules.dataset.kept})` : "";
    }
  };
  for (const field of [typed, again]) field.addEventListener("input", judge);
})();
