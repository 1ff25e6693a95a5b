// Files where a script runs: photos are made smaller before they go, parts that a broken line lost go again, and the page says how far it is.
// Without it the form sends the file as it is.
(() => {
  "use strict";
  if (window.liandongUpload) return; // it stands on the page twice
  const edge = 1600, quality = 0.82, often = 10;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  const shrink = async (file) => {
    if (!/^image\/(jpeg|png|webp|heic|heif)$/.test(file.type)) return file;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(picture.width * scale));
      canvas.height = Math.max(1, Math.round(picture.height * scale));
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" }) : file;
    } catch { return file; } // a picture that this browser does not read goes as it is
  };

  // ask sends until there is an answer; a refusal is an error with a sentence.
  const ask = async (path, body, broken, tries) => {
    for (let n = 1; ; n++) {
      const answer = await fetch(path, { method: "POST", body }).catch(() => null);
      if (answer && answer.status < 500 && answer.headers.get("Content-Type") === "application/json") {
        const said = await answer.json();
        if (answer.ok) return said;
        throw new Error(said.sentence);
      }
      if (answer && answer.status < 500) throw new Error(""); // signed out, say
      if (n === tries) throw new Error("");
      broken();
      await wait(Math.min(1000 * 2 ** (n - 1), 15000));
    }
  };

  const begun = new Map(); // by file: what is known of an upload that broke off

  // send brings one file to a case; up holds the file and, from the first answer on, what is known of its upload.
  const send = async (path, leg, up, show, tries, onlyHere) => {
    const broken = () => show("broken");
    if (!up.id) {
      const about = new URLSearchParams({ name: up.file.name, size: up.file.size, leg });
      if (onlyHere) about.set("only_here", "yes");
      const said = await ask(path + "/begin", about, broken, tries);
      up.id = said.id; up.size = said.part_size; up.missing = said.missing;
    }
    const all = Math.ceil(up.file.size / up.size);
    while (up.missing?.length) {
      const n = up.missing[0];
      show("sending", (all - up.missing.length) / all);
      const part = up.file.slice((n - 1) * up.size, n * up.size, "application/octet-stream");
      up.missing = (await ask(`${path}/${up.id}/parts/${n}`, part, broken, tries)).missing || [];
    }
    show("sending", 1);
  };
  window.liandongUpload = { shrink, send };

  const sendChosen = async (form, chosen, show) => {
    show("shrinking", 0);
    const up = begun.get(chosen) || { file: await shrink(chosen) };
    begun.set(chosen, up);
    try {
      await send(form.dataset.upload, form.elements.leg?.value || form.dataset.leg || "", up, show, often, form.elements.only_here?.checked);
    } catch (fault) {
      if (fault.message) begun.delete(chosen); // refused: another try begins anew
      throw fault;
    }
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const input = form.matches("form[data-upload]") && form.querySelector("input[type=file]");
    if (!input || input.disabled || !input.files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const state = form.querySelector(".upload-state"), words = state.querySelector("span"), bar = state.querySelector("progress");
    const show = (key, value) => {
      state.hidden = false;
      state.classList.toggle("wrong", key === "failed");
      words.textContent = state.dataset[key];
      bar.hidden = key === "failed";
      if (value !== undefined) bar.value = value;
    };
    try {
      for (const file of [...input.files]) await sendChosen(form, file, show);
      if (form.id === "add-file") { location.assign(form.elements.back.value); return; }
      input.disabled = true; // the files are there: the rest goes as a form does
      delete form.dataset.busy;
      form.requestSubmit();
    } catch (fault) {
      show("failed");
      if (fault.message) words.textContent = fault.message;
      delete form.dataset.busy;
    }
  }, true);
})();
