// Uploads at once, one request per file, with progress, cancel and retry; the ids of finished files stand in hidden inputs.
import { listeners } from "../dom.js";
import { csrfToken } from "../request.js";
import { t } from "../text.js";
import { announce } from "../announce.js";
import { changed } from "../fields.js";

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

export default function fileUpload(root) {
  const { on, off } = listeners();
  const list = root.querySelector("[data-upload-files]");
  const input = root.querySelector("[data-upload-input]");
  const template = root.querySelector("[data-upload-template]");
  const { url, name } = root.dataset;
  const limit = Number(root.dataset.maxSize || 0);
  const running = new Map(); // element -> XMLHttpRequest
  const previews = new Set();

  function note(element, text, failed = false) {
    element.querySelector("[data-file-note]").textContent = text;
    element.classList.toggle("is-failed", failed);
  }
  function fail(element, file, text) {
    element.querySelector("progress").hidden = true;
    note(element, text, true);
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-link";
    again.textContent = t("retry");
    again.addEventListener("click", () => { again.remove(); post(element, file); });
    element.querySelector("[data-file-note]").append(" ", again);
    announce(`${file.name}: ${text}`);
    root.dispatchEvent(new CustomEvent("upload:failed", { bubbles: true, detail: { name: file.name, message: text } }));
  }
  function post(element, file) {
    if (limit && file.size > limit) {
      note(element, t("upload_large", { size: size(limit) }), true);
      return;
    }
    const bar = element.querySelector("progress");
    bar.hidden = false;
    bar.value = 0;
    note(element, t("uploading", { percent: 0 }));
    const body = new FormData();
    body.set("file", file, file.name);
    if (file.lastModified) body.set("modified", new Date(file.lastModified).toISOString());
    const request = new XMLHttpRequest();
    running.set(element, request);
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", root.dataset.csrf || csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = (event.loaded / event.total) * 100;
      note(element, t("uploading", { percent: Math.floor(bar.value) }));
    });
    request.addEventListener("loadend", () => {
      if (running.get(element) !== request) return; // cancelled
      running.delete(element);
      const answer = request.response;
      if (request.status >= 200 && request.status < 300 && answer?.id !== undefined) {
        bar.hidden = true;
        note(element, answer.size ? String(answer.size) : size(file.size));
        const link = element.querySelector("[data-file-name]");
        link.textContent = answer.name || file.name;
        if (answer.url && /^(\/|https?:)/.test(answer.url)) link.href = answer.url;
        const hidden = document.createElement("input");
        hidden.type = "hidden";
        hidden.name = name;
        hidden.value = answer.id;
        element.append(hidden);
        announce(t("uploaded", { name: file.name }));
        root.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: answer }));
        changed(root);
      } else fail(element, file, answer?.error?.message || t("upload_failed"));
    });
    request.send(body);
  }
  function add(files) {
    const chosen = "single" in root.dataset ? [...files].slice(0, 1) : [...files];
    if ("single" in root.dataset && chosen.length) for (const old of [...list.children]) drop(old);
    for (const file of chosen) {
      const element = template.content.firstElementChild.cloneNode(true);
      element.querySelector("[data-file-name]").textContent = file.name;
      if (/^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)) {
        const image = document.createElement("img");
        image.alt = "";
        image.src = URL.createObjectURL(file);
        previews.add(image.src);
        element.querySelector(".upload-icon")?.replaceWith(image);
      }
      list.append(element);
      post(element, file);
    }
  }
  function drop(element) {
    const request = running.get(element);
    running.delete(element);
    request?.abort();
    element.remove();
    changed(root);
  }

  on(root, "click", (event) => {
    if (!event.target.closest("[data-file-remove]")) return;
    drop(event.target.closest("[data-upload-file]"));
    announce(t("removed"));
    input?.focus();
  });
  if (input) {
    on(input, "change", () => { add(input.files); input.value = ""; });
    on(root, "dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); root.classList.add("is-over"); } });
    on(root, "dragleave", () => root.classList.remove("is-over"));
    on(root, "drop", (event) => { event.preventDefault(); root.classList.remove("is-over"); add(event.dataTransfer.files); });
    on(root, "paste", (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); add(event.clipboardData.files); } });
    // Sending a form while files are on their way would lose them.
    const form = root.closest("form");
    if (form) on(form, "submit", (event) => {
      if (!running.size) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      announce(t("uploading", { percent: "…" }));
      root.scrollIntoView({ block: "center" });
    }, { capture: true });
  }
  return () => {
    off();
    for (const request of running.values()) request.abort();
    for (const preview of previews) URL.revokeObjectURL(preview);
  };
}
