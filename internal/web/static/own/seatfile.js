// Files at the seat where a script runs: each goes at once, chosen, pasted or dropped, and what a broken line kept back goes again. The same file twice is
// one. Without it they go with the form.
(() => {
  "use strict";
  const form = document.querySelector("#intake"), input = document.querySelector("#file"), state = document.querySelector("#file-state");
  if (!form || !input) return;
  input.removeAttribute("name"); // the form itself carries none
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  let coming = 0, held = null; // files on their way, and the button that waits for them
  const due = new Set(); // what has not arrived
  const stop = new AbortController();
  const show = (key, sentence) => {
    state.hidden = !key;
    state.classList.toggle("wrong", key === "failed");
    state.textContent = sentence || state.dataset[key] || "";
  };
  const fill = (html) => {
    document.querySelector("#file-list").outerHTML = html;
    form.dispatchEvent(new Event("input")); // the draft is kept with them
  };
  const ask = async (path, body) => {
    for (let n = 1; ; n++) {
      const answer = await fetch(path, { method: body ? "POST" : "GET", body, headers: { Accept: "application/json" }, signal: stop.signal }).catch(() => null);
      if (stop.signal.aborted) throw new Error("");
      if (answer?.ok && !answer.redirected) return answer.text();
      if (answer && answer.status < 500) throw new Error((await answer.json().catch(() => ({}))).sentence || "");
      if (n === 8) throw new Error("");
      show("broken");
      await wait(Math.min(1000 * 2 ** (n - 1), 15000));
    }
  };
  const key = () => form.elements.key.value;

  const put = async (files) => {
    for (const file of files) due.add(file);
    for (const file of files) {
      if (stop.signal.aborted) return;
      coming++;
      try {
        show("sending");
        const body = new FormData();
        body.set("key", key());
        const small = await window.liandongUpload.shrink(file);
        body.set("file", small, small.name);
        fill(await ask("/desk/files", body));
        due.delete(file);
        coming--;
        if (!coming) show("");
      } catch (fault) {
        coming--;
        if (stop.signal.aborted) return;
        due.delete(file);
        held = null;
        show("failed", fault.message);
      }
    }
    if (!coming && held) {
      const button = held;
      held = null;
      form.requestSubmit(button);
    }
  };
  input.addEventListener("change", () => { const files = [...input.files]; input.value = ""; put(files); });
  form.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); put([...event.clipboardData.files]); } });
  form.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
  form.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) { event.preventDefault(); put([...event.dataTransfer.files]); } });
  document.addEventListener("keydown", (event) => {
    if (event.altKey && !event.ctrlKey && event.code === "Digit9") { event.preventDefault(); input.focus(); input.click(); }
  });
  form.addEventListener("click", async (event) => {
    const drop = event.target.closest("button[name=drop]");
    if (!drop) return;
    event.preventDefault();
    const body = new URLSearchParams({ key: key(), drop: drop.value });
    try { fill(await ask("/desk/files/drop", body)); show(""); input.focus(); } catch (fault) { show("failed", fault.message); }
  });

  // As a form goes, for whatever the script could not do: the answer says what is wrong, or that a file is still to be added.
  const asForm = (button) => {
    for (const [name, value] of [["unsent", "yes"], [button.name, button.value]]) {
      const field = document.createElement("input");
      field.type = "hidden"; field.name = name; field.value = value;
      form.append(field);
    }
    HTMLFormElement.prototype.submit.call(form);
  };

  // Danger does not wait for a file: the case goes first, its page comes in place of this one, and what had not arrived goes on to the case from there.
  const goFirst = async (button) => {
    const says = { ...state.dataset }, only = form.elements.only_here?.checked;
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    const body = new FormData(form, button);
    stop.abort();
    const answer = await fetch("/desk", { method: "POST", body }).catch(() => null);
    const page = answer?.ok && answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const main = page?.querySelector("#main"), path = page && new URL(answer.url).pathname, to = main?.querySelector("#add-file")?.dataset.upload;
    if (!to) { asForm(button); return; }
    const note = document.createElement("p"), arrived = [...main.querySelectorAll(".file-name")].map((name) => name.textContent);
    note.id = "file-state"; note.setAttribute("role", "status");
    const say = (key, sentence) => { note.className = "flash-more " + (key === "failed" ? "wrong" : "notice"); note.textContent = sentence || says[key]; };
    document.querySelector("#flash")?.remove();
    document.querySelector("#main").replaceWith(main);
    main.before(...[page.querySelector("#flash"), note].filter(Boolean));
    document.title = page.title;
    history.pushState(null, "", path);
    for (const here of document.querySelectorAll("form[action='/language'] input[name=here]")) here.value = path;
    document.dispatchEvent(new Event("liandong:taken"));
    window.htmx?.process(main);
    window.scrollTo(0, 0);
    let typed = false;
    main.addEventListener("input", () => { typed = true; });
    const stay = (event) => event.preventDefault();
    window.addEventListener("beforeunload", stay);
    say("after");
    try {
      for (const file of due) {
        const small = await window.liandongUpload.shrink(file);
        if (arrived.includes(small.name)) continue; // just before the case was taken
        await window.liandongUpload.send(to, "", { file: small }, (key) => { if (key === "broken") say("broken"); }, 10, only);
      }
      say("done");
      if (!typed) window.htmx?.ajax("GET", path, { target: "#main", select: "#main", swap: "outerMorph" });
    } catch (fault) { say("failed", fault.message); }
    window.removeEventListener("beforeunload", stay);
  };

  // What is still on its way is waited for, unless there is danger, or the button is pressed once more.
  form.addEventListener("submit", (event) => {
    if (!coming || !navigator.onLine || form.dataset.sent || event.submitter?.formAction.includes("/desk/")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (document.querySelector("#danger") || held) { held = null; goFirst(event.submitter); return; }
    held = event.submitter;
    show("waiting");
  }, true);

  // A draft that came back has the key of its files.
  if (form.dataset.restored) ask("/desk/files?" + new URLSearchParams({ key: key() })).then(fill, () => {});
  document.addEventListener("liandong:drop-draft", () => {
    fetch("/desk/files/drop", { method: "POST", keepalive: true, headers: { Accept: "application/json" }, body: new URLSearchParams({ key: key() }) }).catch(() => {});
  });
})();
