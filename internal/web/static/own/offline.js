// What somebody of a unit writes on a phone outlives a lost line, a reload and a crash. It is kept here, encrypted by a key that no script can
// read out, for a stated number of hours and until they sign out. An action is written down before it is sent, under a key of its own, so
// that it is done once however often the line breaks.
(() => {
  "use strict";
  const one = (sel, from = document) => from.querySelector(sel);
  const box = one("#kept"), say = box?.dataset || {};
  const who = document.body.dataset.who || localStorage.getItem("liandong.who") || "";
  if (document.body.dataset.who && !window.liandong.leaving) localStorage.setItem("liandong.who", who);
  if (window.liandong.leaving || !who || !window.crypto?.subtle || !window.indexedDB) return; // an old browser, or no HTTPS: pages work as they did
  const life = Number(say.hours || 12) * 3600e3, photosMost = 12 << 20;

  // The store: one row for each thing kept, its words and photos sealed (AES-GCM); one row for the key of each person.
  const answer = (request) => new Promise((ok, no) => { request.onsuccess = () => ok(request.result); request.onerror = () => no(request.error); });
  let base;
  const open = () => window.liandong.leaving ? Promise.reject(new Error("signed out")) : base ||= new Promise((ok, no) => {
    const request = indexedDB.open("liandong", 1);
    request.onupgradeneeded = () => { request.result.createObjectStore("key", { keyPath: "who" }); request.result.createObjectStore("kept", { keyPath: "id" }); };
    request.onsuccess = () => { request.result.onversionchange = () => { request.result.close(); base = undefined; }; ok(request.result); };
    request.onerror = () => no(request.error);
  });
  const table = async (name, mode = "readwrite") => (await open()).transaction(name, mode).objectStore(name);
  const newKey = (raw) => raw ? crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"])
    : crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const key = async () => {
    const row = await answer((await table("key", "readonly")).get(who));
    if (row) return row.key; // none while it is locked
    const made = await newKey();
    await answer((await table("key")).add({ who, key: made })).catch(() => {}); // another tab was first
    return (await answer((await table("key", "readonly")).get(who))).key;
  };
  const seal = async (k, bytes) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, k, bytes) };
  };
  const unseal = (k, sealed) => crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, k, sealed.data);
  const sealRow = async (k, item) => {
    const { id, at, photos = [], ...words } = item;
    const row = { id, who, at, expires: at + life, queued: item.kind === "queue", words: await seal(k, new TextEncoder().encode(JSON.stringify(words))), photos: [] };
    for (const photo of photos) row.photos.push(await seal(k, photo));
    return row;
  };
  const put = async (item) => {
    const k = await key();
    if (!k) throw new Error("locked");
    const row = await sealRow(k, item);
    await answer((await table("kept")).put(row));
  };
  const drop = async (id) => answer((await table("kept")).delete(id));

  let items = [];
  const expired = () => Number(localStorage.getItem("liandong.expired") || 0);
  // read forgets what is too old, whoever wrote it, and opens what is this person's.
  const read = async () => {
    const all = await table("kept"), rows = await answer(all.getAll()), now = Date.now(), old = rows.filter((row) => !(row.expires > now));
    for (const row of old) all.delete(row.id); // in the transaction that found it: it is counted once
    const gone = old.filter((row) => row.queued).length;
    if (gone) localStorage.setItem("liandong.expired", String(expired() + gone));
    const k = await key(), found = [];
    for (const row of rows) {
      if (old.includes(row)) continue;
      if (row.who !== who || !k) continue;
      try {
        const item = { ...JSON.parse(new TextDecoder().decode(await unseal(k, row.words))), id: row.id, at: row.at, photos: [] };
        for (const photo of row.photos) item.photos.push(await unseal(k, photo));
        found.push(item);
      } catch { await drop(row.id); } // of a key that is gone
    }
    items = found.sort((a, b) => a.at - b.at);
    return items;
  };
  const queue = () => items.filter((item) => item.kind === "queue");

  // Locked with a PIN, the phone holds the key only wrapped by it.
  const wrapping = async (pin, salt) => crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 600000 },
    await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveKey"]), { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const row = async () => answer((await table("key", "readonly")).get(who));
  const vault = {
    async pin(pin) { // another key, of which a wrapped copy is kept; what is there is sealed anew
      const all = await read(), raw = crypto.getRandomValues(new Uint8Array(32)), salt = crypto.getRandomValues(new Uint8Array(16));
      const k = await newKey(raw), wrapped = { salt, tries: 0, ...await seal(await wrapping(pin, salt), raw) };
      const rows = await Promise.all(all.map((item) => sealRow(k, item)));
      raw.fill(0);
      const change = (await open()).transaction(["key", "kept"], "readwrite");
      change.objectStore("key").put({ who, key: k, wrapped });
      for (const r of rows) change.objectStore("kept").put(r);
      await new Promise((ok, no) => { change.oncomplete = ok; change.onabort = () => no(change.error); });
    },
    async lock() {
      const r = await row();
      if (r?.wrapped) await answer((await table("key")).put({ who, wrapped: r.wrapped }));
      items = [];
      render();
    },
    // unlock says "open", "wrong" with the tries that are left, or "none" where there is no PIN.
    async unlock(pin) {
      const r = await row();
      if (!r?.wrapped) return { is: "none" };
      try {
        const raw = await unseal(await wrapping(pin, r.wrapped.salt), r.wrapped);
        await answer((await table("key")).put({ who, key: await newKey(raw), wrapped: { ...r.wrapped, tries: 0 } }));
        return { is: "open" };
      } catch {
        r.wrapped.tries++;
        await answer((await table("key")).put(r));
        return { is: "wrong", left: 5 - r.wrapped.tries };
      }
    },
  };

  // The list of what is kept, with what will become of it.
  const add = (to, tag, text, more = {}) => to.appendChild(Object.assign(document.createElement(tag), { textContent: text, ...more }));
  const clock = (at) => new Date(at + 8 * 3600e3).toISOString().slice(5, 16).replace("T", " "); // Asia/Shanghai, as everywhere
  const fill = (text, value) => text.replace("{0}", value);
  let notice = "";
  const render = () => {
    if (!box) return;
    box.replaceChildren();
    const waiting = queue(), drafts = items.filter((item) => item.kind === "draft" && !formOf(item));
    box.hidden = !waiting.length && !drafts.length && !notice && !expired();
    if (box.hidden) return;
    add(box, "h2", `${say.title} (${waiting.length + drafts.length})`);
    if (notice && !(shell && notice === say.offline)) add(box, "p", notice, { className: "notice notice-warn" }).setAttribute("role", "status");
    if (expired()) {
      const gone = add(box, "p", fill(say.expired, expired()) + " ", { className: "wrong" });
      add(gone, "button", say.seen, { type: "button", className: "plain", onclick: () => { localStorage.removeItem("liandong.expired"); render(); } });
    }
    const list = add(box, "ul", "", { className: "plain-list" }), stuck = new Set();
    for (const item of [...waiting, ...drafts]) {
      const li = add(list, "li", ""), state = item.kind === "draft" ? "draft" : item.failed ? "failed" : stuck.has(item.leg) ? "after" : "waiting";
      if (item.failed) stuck.add(item.leg);
      li.dataset.state = state;
      li.dataset.verb = item.verb;
      add(li, "strong", item.label);
      add(li, "span", ` ${item.number} · ${item.name} · ${fill(say.written, clock(item.at))} `);
      add(li, "span", say[state], { className: "pill " + (state === "failed" ? "pill-dispute" : "pill-warn") });
      if (item.said) add(li, "p", item.said, { className: "strong-warn" });
      if (item.words) add(li, "p", item.words, { className: "said" });
      if (item.photos.length) add(li, "p", fill(say.photos, item.photos.length), { className: "quiet" });
      const ends = add(li, "p", "", { className: "row-buttons" });
      if (state !== "waiting") add(ends, "a", say.open, { className: "btn btn-sm", href: "/legs/" + item.leg });
      add(ends, "button", say.drop, { type: "button", className: "plain", onclick: async () => { if (confirm(say.dropSure)) { await drop(item.id); await refresh(); } } });
    }
    if (waiting.some((item) => !item.failed)) add(box, "button", say.again, { type: "button", className: "btn btn-sm", id: "send-kept", onclick: catchUp });
    if (notice === say.offline && !shell && navigator.serviceWorker?.controller) add(box, "a", say.go, { className: "btn btn-sm", href: location.href });
    if (items.some((item) => item.kind !== "list")) add(box, "p", fill(say.until, clock(Math.max(...items.filter((item) => item.kind !== "list").map((item) => item.at)) + life)), { className: "quiet" });
  };
  const refresh = async () => { await read(); render(); };
  const others = window.BroadcastChannel && new BroadcastChannel("liandong");
  others?.addEventListener("message", refresh);

  // Which forms these are, and of what.
  const path = /^\/legs\/([^/]+)\/(accept|return|progress|feedback)$/;
  const about = (form) => {
    const is = form?.matches?.("form[method=post]") && path.exec(form.getAttribute("action")), at = form?.closest?.("[data-number]");
    return is && at && { leg: is[1], verb: is[2], number: at.dataset.number, name: at.dataset.name, caseID: at.dataset.case, version: at.dataset.version };
  };
  const formOf = (item) => [...document.querySelectorAll(`form[action="/legs/${item.leg}/${item.verb}"][data-form]`)].find((form) => !form.closest("[hidden]"));
  const textOf = (form) => Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && !["version", "back"].includes(name)));
  const wordsOf = (fields) => [fields.result, fields.note, fields.basis, fields.next_owner].filter(Boolean).join(" · ");
  const faultIn = (form, text) => {
    let fault = one(":scope > .kept-fault", form);
    if (!text) { fault?.remove(); return; }
    if (!fault) { fault = document.createElement("div"); fault.className = "wrong kept-fault"; fault.setAttribute("role", "alert"); form.prepend(fault); }
    fault.textContent = text;
    fault.scrollIntoView({ block: "nearest" });
  };

  // Sending: one after the other, in one tab. What the server refused stays, with its words and the sentence.
  const outcome = new Map();
  let typing; // the form in which somebody writes and which is not written down yet
  const post = async (item) => {
    item.uploads ||= [];
    for (const [i, photo] of item.photos.entries()) {
      const up = item.uploads[i] ||= { file: null };
      up.file = new File([photo], item.names[i].name, { type: item.names[i].type });
      if (up.done) continue;
      await window.liandongUpload.send(`/cases/${item.caseID}/attachments`, item.leg, up, () => {}, 1);
      up.done = true;
      await put({ ...item, uploads: item.uploads.map((u) => ({ ...u, file: null })) });
    }
    const got = await fetch(`/legs/${item.leg}/${item.verb}`, { method: "POST", headers: { Accept: "application/json", "Idempotency-Key": item.key },
      body: new URLSearchParams({ ...item.fields, version: item.version, back: item.back }), signal: AbortSignal.timeout(30e3) });
    if (!(got.headers.get("Content-Type") || "").startsWith("application/json") || got.status >= 500) throw new TypeError("no answer of ours");
    return { ok: got.ok, ...await got.json() };
  };
  const send = async () => {
    for (;;) {
      await read();
      const stuck = new Set(queue().filter((item) => item.failed).map((item) => item.leg));
      const item = queue().find((item) => !item.failed && !stuck.has(item.leg));
      if (!item) { notice = ""; break; }
      let said;
      try {
        said = await post(item);
      } catch (fault) {
        if (!(fault instanceof TypeError || fault instanceof DOMException) && fault.message) said = { ok: false, sentence: fault.message }; // a photo was refused
        else { notice = say.offline; break; }
      }
      if (said.code === "session_expired") { notice = say.signin; break; }
      if (said.code === "session_locked") { window.dispatchEvent(new Event("liandong-locked")); break; }
      outcome.set(item.key, said);
      if (said.ok) {
        for (const later of queue()) if (later.leg === item.leg && later.id !== item.id) await put({ ...later, version: said.version }); // what was written after it was written on it
        await drop(item.id);
      } else {
        await put({ ...item, failed: true, said: said.sentence });
      }
    }
    await refresh();
    others?.postMessage("");
  };
  let sending, again, pause = 2e3;
  const flush = () => sending ||= (navigator.locks ? navigator.locks.request("liandong.send", send) : send()).finally(() => {
    sending = undefined;
    clearTimeout(again);
    if (notice !== say.offline) { pause = 2e3; return; }
    again = setTimeout(() => { if (works) catchUp(); }, pause);
    pause = Math.min(2 * pause, 60e3);
  });

  // What went without a form that waits for it is shown by the page anew. What is being typed is a draft by then, unless it is a file.
  const catchUp = async () => {
    const before = new Set(outcome.keys());
    await flush();
    for (const form of document.querySelectorAll("form[data-form][hidden]")) form.hidden = queue().some((item) => !item.failed && form.getAttribute("action") === `/legs/${item.leg}/${item.verb}`);
    if (![...outcome].some(([key, said]) => said.ok && !before.has(key)) || document.querySelector("form[aria-busy]")) return;
    if ([...document.querySelectorAll("input[type=file]")].some((field) => field.files.length)) return;
    if (typing) await saveDraft(typing).catch(() => {});
    location.reload();
  };

  const nameOf = (form) => (form.closest("details.verb")?.querySelector("summary") || one("button", form)).firstChild.textContent.trim();
  const queueForm = async (form, of) => {
    await window.liandongKept.ready; // a tap in the first moment of a page waits for its store
    if (!works) { form.submit(); return; }
    faultIn(form, "");
    const photos = [], names = [];
    for (const chosen of one("input[type=file]", form)?.files || []) {
      const file = await window.liandongUpload.shrink(chosen);
      photos.push(await file.arrayBuffer());
      names.push({ name: file.name, type: file.type });
    }
    if (photos.reduce((sum, photo) => sum + photo.byteLength, 0) > photosMost) { faultIn(form, say.large); return; }
    const fields = textOf(form), label = nameOf(form);
    const item = { id: crypto.randomUUID(), kind: "queue", key: crypto.randomUUID(), ...of, label, fields, words: wordsOf(fields), back: form.elements.back?.value || "/inbox", photos, names, at: Date.now() };
    try {
      await put(item);
    } catch { // nowhere to write it down: it goes as a form does
      works = false;
      form.submit();
      return;
    }
    for (const old of items) if (old.leg === of.leg && old.verb === of.verb && (old.kind === "draft" || old.failed)) await drop(old.id);
    await drop(draftID(of));
    await flush();
    if (!outcome.has(item.key)) await flush();
    const said = outcome.get(item.key);
    if (said?.ok) { location.assign(shell ? location.pathname : said.to); return; }
    if (said) { faultIn(form, said.sentence); return; }
    await showShell(); // what may be done after this without a line
    form.hidden = true;
    box.scrollIntoView({ block: "start" });
  };
  let works; // works is unknown until the store has opened
  document.addEventListener("submit", (event) => {
    const form = event.target, of = works !== false && about(form);
    if (of) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (form.dataset.busy) return;
      form.dataset.busy = "1";
      form.setAttribute("aria-busy", "true");
      clearTimeout(later); // what is handed in is no draft any more
      typing = undefined;
      queueForm(form, of).finally(() => { delete form.dataset.busy; form.removeAttribute("aria-busy"); });
      return;
    }
    if (works && !navigator.onLine && form.method === "post" && !form.matches('[action="/sign-out"], [action="/lock"], .unlock')) {
      event.preventDefault();
      event.stopImmediatePropagation();
      faultIn(form, say.needs);
    }
  }, true);

  // A draft: what is typed and not handed in.
  const draftID = (of) => `draft ${of.leg} ${of.verb}`;
  const saveDraft = async (form) => {
    const of = about(form);
    if (!of || form.dataset.busy) return;
    const fields = textOf(form), words = wordsOf(fields);
    if (!words) { await drop(draftID(of)); return; }
    const label = nameOf(form);
    await put({ id: draftID(of), kind: "draft", ...of, label, fields, words, at: Date.now() });
  };
  let later;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!works || !about(form)) return;
    if (typing && typing !== form) saveDraft(typing).catch(() => {});
    typing = form;
    clearTimeout(later);
    later = setTimeout(() => { saveDraft(form).catch(() => {}); typing = undefined; }, 300);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden && typing) { saveDraft(typing).catch(() => {}); typing = undefined; } });
  const restore = () => {
    for (const item of items.filter((item) => item.kind === "draft" || item.failed)) {
      const form = formOf(item);
      if (!form || form.dataset.restored) continue;
      form.dataset.restored = "1";
      for (const [name, value] of Object.entries(item.fields)) {
        const field = form.elements[name];
        if (!field || name === "sure") continue; // certainty is stated anew
        if (field.type === "hidden") continue;
        if (field.tagName === "SELECT" || !field.value) field.value = value;
      }
      if (form.closest("details")) form.closest("details").open = true;
      if (!item.failed) { const note = document.createElement("p"); note.className = "notice"; note.textContent = say.restored; form.prepend(note); }
    }
  };

  // The matters that the unit has, by number and class alone, for when there is no line.
  const shell = one("#offline");
  const listed = (at) => ({ leg: at.dataset.leg, number: at.dataset.number, name: at.dataset.name, caseID: at.dataset.case, version: at.dataset.version,
    can: at.dataset.can.trim().split(" "), urgent: "urgent" in at.dataset });
  const keepList = async () => {
    const here = [...document.querySelectorAll("[data-number][data-leg]")].map(listed), old = items.find((item) => item.kind === "list")?.legs || [];
    if (!one("#list") && !here.length) return;
    const legs = one("#list") && !new URLSearchParams(location.search).get("cursor") ? here : [...old.filter((l) => !here.some((h) => h.leg === l.leg)), ...here];
    await put({ id: "list " + who, kind: "list", legs: legs.slice(0, 100), at: Date.now() });
  };
  const showShell = async () => {
    if (!shell) return;
    await read();
    const into = one("#offline-list"), legs = items.find((item) => item.kind === "list")?.legs || [], on = location.pathname.split("/legs/")[1];
    into.replaceChildren();
    if (!legs.length) add(into, "p", into.dataset.none, { className: "nothing card card-body" });
    for (const l of legs) {
      const done = queue().filter((item) => item.leg === l.leg && !item.failed).map((item) => item.verb);
      const ended = done.includes("return") || done.includes("feedback");
      let can = ["accept", "progress", "feedback", "return"].filter((verb) => l.can.includes(verb) && !ended && !(verb === "accept" && done.includes("accept")));
      if (done.includes("accept") && !ended) can = ["progress", "feedback"];
      const at = add(into, "article", "", { className: "card card-body inbox-row" + (l.urgent ? " row-urgent" : "") });
      Object.assign(at.dataset, { leg: l.leg, number: l.number, name: l.name, case: l.caseID, version: l.version });
      const h = add(at, "h2", l.name);
      add(h, "span", " " + l.number, { className: "quiet" });
      const verbs = add(at, "div", "", { className: "verbs" });
      for (const verb of can) {
        const form = one(`#offline-forms details[data-open=${verb}]`).cloneNode(true);
        form.innerHTML = form.innerHTML.replaceAll("/legs/LEG/", `/legs/${l.leg}/`).replaceAll("/cases/CASE/", `/cases/${l.caseID}/`).replaceAll("LEG-", l.leg + "-");
        if (verb === "return" && !l.urgent) for (const sure of form.querySelectorAll(".notice-warn, .check")) sure.remove();
        verbs.append(form);
      }
      if (l.leg === on) at.scrollIntoView({ block: "start" });
    }
    render();
    restore();
  };

  window.liandongKept = { vault, flush, unsent: async () => (await answer((await table("kept", "readonly")).getAll())).filter((row) => row.queued && row.expires > Date.now()).length,
    begin: async () => { await refresh(); await showShell(); restore(); if (!shell) await keepList(); if (queue().some((item) => !item.failed)) catchUp(); } };
  window.liandongKept.ready = (async () => {
    await open();
    works = !!box && localStorage.getItem("liandong.locked") !== who;
    if (!works) return;
    window.liandongKept.begin().catch(() => {});
  })().catch(() => { works = false; }); // a private window, say: pages work as they did

  // Signing out leaves nothing. What was not sent is asked about first; without a line the server hears of it later.
  document.addEventListener("submit", async (event) => {
    if (event.target.getAttribute("action") !== "/sign-out") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const n = await window.liandongKept.unsent().catch(() => 0);
    if (n && !confirm(fill(say.leave || "{0}", n))) return;
    works = false;
    (await open().catch(() => null))?.close();
    base = undefined;
    await window.liandong.leave();
  }, true);

  window.addEventListener("online", () => { if (!works) return; catchUp().then(() => { if (shell && navigator.onLine) fetch("/inbox", { method: "HEAD" }).then(() => location.reload(), () => {}); }); });
  window.addEventListener("liandong-opened", () => { works = true; window.liandongKept.begin(); });
  setInterval(() => { if (works && items.length) refresh(); }, 60e3); // what is too old goes
  if (navigator.serviceWorker && document.body.dataset.who) {
    navigator.serviceWorker.register("/offline-worker.js").then(() => navigator.serviceWorker.ready).then((worker) => worker.active.postMessage("fresh")).catch(() => {});
  }
})();
