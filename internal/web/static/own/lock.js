// A phone that is handed on: after some minutes in which nobody touches it, or at a press, the page is covered and its session locked at the
// server. The PIN of this sign-in, or the password, opens it again; the page beneath is as it was.
(() => {
  "use strict";
  if (window.liandong.leaving) return;
  const dialog = document.querySelector("#lock"), form = document.querySelector("form.unlock"), who = document.body.dataset.who || localStorage.getItem("liandong.who");
  const kept = window.liandongKept;
  const send = (path, body) => fetch(path, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(body), signal: AbortSignal.timeout(30e3) })
    .then(async (got) => ({ ok: got.ok, ...await got.json() }));
  const isLocked = () => localStorage.getItem("liandong.locked") === who;
  const touch = () => { if (!isLocked() && !window.liandong.leaving) localStorage.setItem("liandong.active", String(Date.now())); };

  let told = true;
  const tell = () => send("/lock", {}).then((said) => { told = said.ok || said.code === "session_locked"; }, () => { told = false; });
  const cover = () => { if (dialog && !dialog.open) { dialog.showModal(); dialog.querySelector("input").value = ""; document.querySelector("#main").inert = true; } };
  const lock = async () => {
    localStorage.setItem("liandong.locked", who);
    cover();
    await tell();
    await kept?.vault.lock().catch(() => {});
  };
  const open = () => {
    localStorage.removeItem("liandong.locked");
    touch();
    document.querySelector("#main").inert = false;
    dialog?.close();
    window.dispatchEvent(new Event("liandong-opened"));
  };
  const words = (text) => { const at = form.querySelector(".unlock-said"); at.hidden = !text; at.textContent = text || ""; };

  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const code = form.elements.code.value;
    form.elements.code.value = "";
    words("");
    try {
      if (!told) await tell(); // the server first hears that it is locked
      const said = await send("/unlock", { code, next: form.elements.next?.value || "/" });
      if (said.code === "session_expired") { await window.liandong.leave(); return; } // the fifth wrong PIN, or the end of the session: nothing stays
      if (!said.ok) { words(said.sentence); return; }
      await kept?.vault.unlock(code).catch(() => {});
      if (dialog) open(); else { localStorage.removeItem("liandong.locked"); touch(); location.assign(said.to); }
    } catch { // no line: the PIN opens what is kept here, and the server asks again
      const tried = await kept?.vault.unlock(code).catch(() => null);
      if (tried?.is === "open") { if (dialog) open(); else { localStorage.removeItem("liandong.locked"); location.assign("/inbox"); } }
      else if (tried?.is === "wrong" && tried.left <= 0) await window.liandong.leave();
      else if (tried?.is === "wrong") words(form.dataset.brokenPin.replace("{0}", tried.left));
      else words(form.dataset.broken);
    } finally { delete form.dataset.busy; }
  });

  if (!dialog) return;
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.querySelector("#lock-now")?.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); lock(); });
  window.addEventListener("liandong-locked", () => { localStorage.setItem("liandong.locked", who); cover(); });
  window.addEventListener("storage", (event) => { if (event.key === "liandong.locked") { if (isLocked()) cover(); else if (dialog.open) open(); } });
  for (const kind of ["pointerdown", "keydown", "input", "wheel"]) document.addEventListener(kind, touch, { passive: true, capture: true });
  const after = () => Number(document.body.dataset.lock) * 1000;
  const look = () => { if (!isLocked() && Date.now() - Number(localStorage.getItem("liandong.active") || 0) > after()) lock(); };
  window.addEventListener("online", () => { if (isLocked() && !told) tell(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  if (isLocked()) { told = false; cover(); tell(); } else touch();
  setInterval(look, 5e3);

  const pin = document.querySelector('form[action="/pin"]');
  pin?.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const code = pin.elements.pin.value, fault = document.createElement("div");
    pin.querySelector(".wrong")?.remove();
    fault.className = "wrong"; fault.setAttribute("role", "alert");
    try {
      const said = await send("/pin", { pin: code });
      if (said.ok) { await kept?.vault.pin(code).catch(() => {}); location.assign(said.to); return; }
      fault.textContent = said.sentence || "";
    } catch { fault.textContent = document.querySelector("#kept").dataset.needs; }
    pin.prepend(fault);
  });
})();
