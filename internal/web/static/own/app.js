// What pages gain where a script runs: keys, drafts, one click one deed, and fresh pages. All of it works without.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const one = (sel, from = document) => from.querySelector(sel);
  const store = (() => { try { localStorage.setItem("liandong.try", "1"); localStorage.removeItem("liandong.try"); return localStorage; } catch { return null; } })();

  // Leaving takes all that a page kept on this machine with it. Without a line the server hears of it when there is one again.
  const wipe = async () => {
    for (const name of Object.keys(localStorage)) if (name.startsWith("liandong.") && name !== "liandong.mute") localStorage.removeItem(name);
    for (const worker of await navigator.serviceWorker?.getRegistrations?.() || []) await worker.unregister();
    for (const name of await window.caches?.keys?.() || []) if (name.startsWith("liandong")) await caches.delete(name);
    await new Promise((done) => { const gone = indexedDB.deleteDatabase("liandong"); gone.onsuccess = gone.onerror = gone.onblocked = done; });
  };
  window.liandong = {
    async leave() {
      window.liandong.leaving = true; // nothing is kept any more
      await wipe().catch(() => {});
      const left = await fetch("/sign-out", { method: "POST", redirect: "manual" }).catch(() => null);
      if (left) { location.assign("/sign-in"); return; }
      localStorage.setItem("liandong.leaving", "1");
      const said = document.createElement("p");
      said.className = "notice notice-warn"; said.id = "left"; said.textContent = one("#kept")?.dataset.left || "";
      one("#main").replaceChildren(said);
      for (const gone of document.querySelectorAll(".nav-main, .top-end, #lock")) gone.remove();
      window.addEventListener("online", () => location.assign("/sign-in"));
    },
  };
  if (store?.getItem("liandong.leaving")) window.liandong.leave();

  // A form is sent once. Going back in the browser's history makes it ready again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const sure = form.dataset.confirm;
    if (sure && !window.confirm(sure)) { event.preventDefault(); return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.dataset.draft && !navigator.onLine) { // better here than on the browser's own page of errors
      event.preventDefault();
      const note = one("#draft-note");
      note.textContent = note.dataset.offline; note.className = "wrong"; note.setAttribute("role", "alert");
      return;
    }
    if (form.method !== "post" || event.defaultPrevented || "again" in form.dataset) return; // a download leaves the page as it is
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; form.removeAttribute("aria-busy"); }
  });

  // Keys: Ctrl+Enter the primary button, Alt+1..4 a candidate; a key written on another button goes there, and the next one presses it. Enter in a
  // line of the intake sends nothing.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      // Who has gone to a button by its key means that one: a caller who refuses is not transferred.
      const button = event.target.matches?.("button[data-key]") ? event.target : one("#primary");
      if (button) { event.preventDefault(); button.click(); }
    } else if (event.altKey && !event.ctrlKey && /^Digit[1-4]$/.test(event.code)) {
      const radio = one(`input[data-key="${event.code.slice(5)}"]`);
      if (radio) { event.preventDefault(); radio.click(); }
    } else if (event.altKey && !event.ctrlKey && /^(Digit[5-8]|Key[A-Z])$/.test(event.code)) {
      const end = one(`button[data-key="${event.code.replace(/^Digit|^Key/, "")}"]`); // one key goes there, Enter presses it
      if (end) { event.preventDefault(); end.focus(); }
    } else if (event.key === "Enter" && event.target.matches?.("#intake input:not([type=checkbox]):not([type=radio])")) {
      event.preventDefault();
    }
  });

  // The draft of an intake outlives a crash, a reload and a lost session, on this machine and for this person only.
  const form = one("form[data-draft]");
  const draftName = "liandong.draft." + (document.body.dataset.who || "");
  const flash = one("#flash")?.dataset.flash || "";
  if (store && flash.startsWith("web.flash.taken")) store.removeItem(draftName);
  if (store && flash === "web.flash.signed_out") for (const name of Object.keys(store)) if (name.startsWith("liandong.draft.")) store.removeItem(name);
  if (flash === "web.flash.signed_out") wipe().catch(() => {});
  if (store && form) {
    const note = one("#draft-note");
    const keep = ["key", "call_id", "phone", "name", "region", "address", "language", "channel", "consent", "confidential", "safe_contact", "kind", "subject_unit", "text", "ask"];
    const say = (key) => {
      if (!note) return;
      note.className = "quiet"; note.removeAttribute("role");
      note.textContent = note.dataset[key] + " ";
      const drop = document.createElement("button");
      drop.type = "button"; drop.className = "plain"; drop.id = "drop-draft"; drop.textContent = note.dataset.drop;
      drop.addEventListener("click", () => { document.dispatchEvent(new Event("liandong:drop-draft")); store.removeItem(draftName); location.assign("/desk"); });
      note.append(drop);
    };
    const typed = () => ["text", "phone", "name", "address"].some((name) => form.elements[name]?.value.trim()) || one("#file-list li");
    const save = () => {
      if (!form.isConnected) return; // taken, and its page gone
      if (!typed()) { store.removeItem(draftName); return; }
      const values = {};
      for (const [name, value] of new FormData(form)) if (keep.includes(name)) values[name] = value;
      try { store.setItem(draftName, JSON.stringify({ at: Date.now(), values })); say("kept"); } catch { /* a full store keeps nobody from working */ }
    };
    document.addEventListener("liandong:taken", () => store.removeItem(draftName));
    let later;
    form.addEventListener("input", () => { clearTimeout(later); later = setTimeout(save, 400); });
    window.addEventListener("pagehide", () => { if (later && !form.dataset.sent) save(); });
    const old = store.getItem(draftName);
    if (old && !typed()) {
      try {
        const draft = JSON.parse(old);
        if (!(Date.now() - draft.at < 12 * 3600e3)) throw new Error("too old"); // a shift
        for (const [name, value] of Object.entries(draft.values)) {
          const field = form.elements[name];
          if (!field || !keep.includes(name)) continue;
          if (field.type === "checkbox") field.checked = field.value === value; else field.value = value;
        }
        form.dataset.restored = "1";
        say("restored");
        document.addEventListener("htmx:after:process", () => form.dispatchEvent(new Event("panel")), { once: true }); // now htmx listens
      } catch { store.removeItem(draftName); }
    }
  }

  // A case that has changed is shown anew where nobody has begun to type; otherwise the page says so and waits.
  let touched = false;
  document.addEventListener("input", () => { touched = true; });
  document.addEventListener("toggle", (event) => { if (event.target.open && event.target.matches("details:not(.nav-more)")) touched = true; }, true);
  document.addEventListener("htmx:after:swap", () => {
    const news = one("#news[data-reload]");
    if (news && !touched && !one("form[data-sent]") && !one("#revealed")) {
      htmx.ajax("GET", news.dataset.reload, { target: "#main", select: "#main", swap: "outerMorph" });
    }
  });

  // Time passes on an open page too: what a clock says is read anew and put where it stands, whatever is being typed beside it.
  const clockKey = (time) => time.dateTime + "|" + time.title;
  const tick = async () => {
    if (document.hidden || !one("time.left")) return;
    const here = one('form[action="/language"] input[name=here]')?.value;
    const answer = here && await fetch(here).catch(() => null); // a lost line: the next tick asks again
    if (!answer?.ok || answer.redirected) return;
    const now = new Map();
    for (const time of new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("time.left")) now.set(clockKey(time), time);
    for (const time of document.querySelectorAll("time.left")) {
      const fresh = now.get(clockKey(time));
      if (fresh && fresh.textContent !== time.textContent) { time.className = fresh.className; time.textContent = fresh.textContent; }
    }
  };
  setInterval(tick, 20e3);
  document.addEventListener("visibilitychange", tick);

  // A candidate that is chosen takes the place of another class chosen before.
  document.addEventListener("change", (event) => {
    if (event.target.matches('input[name="category"]') && form) form.elements.category_other.value = "";
  }, true);

  // "Assess" asks for the panel alone.
  document.addEventListener("click", (event) => {
    if (form && event.target.closest?.('#intake button[value="triage"]')) { event.preventDefault(); form.dispatchEvent(new Event("panel")); }
  });

  // An urgent case is heard: once when it comes, then every twenty seconds for as long as nobody takes it up. What comes from the
  // other line sounds otherwise than what is one's own. Silence is for a stated time, on this machine.
  const tunes = { own: [[880, 0, .18], [880, .26, .18], [880, .52, .18]], other: [[660, 0, .3], [990, .34, .3], [660, .68, .3], [990, 1.02, .3]] };
  let audio;
  const play = (which) => {
    try {
      audio ||= new AudioContext();
      audio.resume();
      for (const [pitch, at, lasts] of tunes[which] || tunes.own) {
        const tone = audio.createOscillator(), loud = audio.createGain(), start = audio.currentTime + at;
        tone.frequency.value = pitch;
        loud.gain.setValueAtTime(.25, start);
        loud.gain.setValueAtTime(0, start + lasts);
        tone.connect(loud).connect(audio.destination);
        tone.start(start); tone.stop(start + lasts);
      }
      document.body.dataset.played = which; // what a test can see of a sound
    } catch { /* a machine without sound still shows the banner */ }
  };
  const mutedUntil = () => Number(store?.getItem("liandong.mute") || 0);
  const sound = one("#sound"), soundState = one("#sound-state");
  const saySound = () => {
    if (!soundState) return;
    const until = mutedUntil();
    soundState.textContent = until > Date.now() ? soundState.dataset.until + " " + new Date(until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : "";
  };
  sound?.addEventListener("click", (event) => {
    const which = event.target.dataset.play, minutes = event.target.dataset.mute;
    if (which) play(which);
    if (minutes !== undefined) { store?.setItem("liandong.mute", String(minutes === "0" ? 0 : Date.now() + minutes * 60e3)); saySound(); sound.open = false; }
  });
  let heard = { n: 0, since: "", at: 0 };
  const listen = () => {
    saySound();
    const alarm = one("#alarm");
    if (!alarm) { heard = { n: 0, since: "", at: 0 }; return; }
    const n = Number(alarm.dataset.n), isNew = n > heard.n || alarm.dataset.since !== heard.since;
    if (!isNew && Date.now() - heard.at < 20e3) return;
    heard = { n, since: alarm.dataset.since, at: Date.now() };
    if (mutedUntil() < Date.now()) play(alarm.dataset.sound);
  };
  document.addEventListener("htmx:after:swap", listen);
  setInterval(listen, 5e3);

  // A list in which something is ticked stays as it is: the ticks would go, or stand beside another case.
  document.addEventListener("htmx:before:request", (event) => { if (event.target.id === "list" && one("#list input[name=case]:checked")) event.preventDefault(); });

  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) window.print(); });

  // How many are ticked is said beside the button that sends them on.
  const ticked = one("#ticked"), unticked = ticked?.textContent;
  const count = () => {
    const n = document.querySelectorAll("input[name=case]:checked").length;
    if (ticked) ticked.textContent = n ? ticked.dataset.say.replace("#", n) : unticked;
  };
  document.addEventListener("change", (event) => { if (event.target.matches("input[name=case]")) count(); });
  one("#tick-all")?.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll("#list input[name=case]")], on = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = on;
    count();
  });
  window.addEventListener("pageshow", count);

  // The menu of the rarer pages closes when somebody goes on elsewhere.
  const more = one("#nav-more");
  document.addEventListener("click", (event) => { if (more?.open && !more.contains(event.target)) more.open = false; });
  more?.addEventListener("keydown", (event) => { if (event.key === "Escape" && more.open) { more.open = false; more.querySelector("summary").focus(); } });

  // A link to a part of the page opens it.
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.matches("details")) target.open = true;
  };
  window.addEventListener("hashchange", open);
  open();
})();
