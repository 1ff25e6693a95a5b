// Files at the seat where a script runs: each goes at once, chosen, pasted or dropped, and what a broken line kept back goes again. The same file twice is
// one. Without it they go with the form.
(() => {
  "use strict";
  const form = document.querySelector("#intake"), input = document.querySelector("#file"), state = document.querySelector("#file-state");
  if (!form || !input) return;
  input.removeAttribute("name"); // the form itself carries none
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  let coming = 0, held = null; // files on their way, and the button that waits for them
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
      const answer = await fetch(path, { method: body ? "POST" : "GET", body, headers: { Accept: "application/json" } }).catch(() => null);
      if (answer?.ok && !answer.redirected) return answer.text();
      if (answer && answer.status < 500) throw new Error((await answer.json().catch(() => ({}))).sentence || "");
      if (n === 8) throw new Error("");
      show("broken");
      await wait(Math.min(1000 * 2 ** (n - 1), 15000));
    }
  };
  const key = () => form.elements.key.value;

  const put = async (files) => {
    for (const file of files) {
      coming++;
      try {
        show("sending");
        const body = new FormData();
        body.set("key", key());
        const small = await window.liandongUpload.shrink(file);
        body.set("file", small, small.name);
        fill(await ask("/desk/files", body));
        coming--;
        if (!coming) show("");
      } catch (fault) {
        coming--;
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

  // What is still on its way is waited for, unless there is danger, or the button is pressed once more.
  form.addEventListener("submit", (event) => {
    if (!coming || event.submitter?.formAction.includes("/desk/")) return;
    if (document.querySelector("#danger") || held) {
      const unsent = document.createElement("input");
      unsent.type = "hidden"; unsent.name = "unsent"; unsent.value = "yes";
      form.append(unsent);
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    held = event.submitter;
    show("waiting");
  }, true);

  // A draft that came back has the key of its files.
  if (form.dataset.restored) ask("/desk/files?" + new URLSearchParams({ key: key() })).then(fill, () => {});
  document.addEventListener("liandong:drop-draft", () => {
    fetch("/desk/files/drop", { method: "POST", keepalive: true, headers: { Accept: "application/json" }, body: new URLSearchParams({ key: key() }) }).catch(() => {});
  });
})();
