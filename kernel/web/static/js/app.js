// Entry point of every page: binds behaviours and answers what is delegated from the document.
import { start } from "./registry.js";
import { toast } from "./toast.js";
import { t } from "./text.js";

start();

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog && !dialog.open) dialog.showModal();
  }
});

// The server asks for a message: HX-Trigger: {"toast": {"text": "...", "tone": "ontime", "undo_url": "..."}}
document.addEventListener("toast", (event) => {
  const { text, tone, undo_url: undo, seconds } = event.detail || {};
  if (text) toast(text, { tone, undo, seconds });
});

document.addEventListener("htmx:error", (event) => {
  const error = event.detail?.error;
  if (error && error.name === "AbortError") return;
  if (error instanceof TypeError || !navigator.onLine) toast(t("offline"), { tone: "warning" });
});
document.addEventListener("htmx:response:error", (event) => {
  const response = event.detail?.ctx?.response;
  if (response && response.status === 401) toast(t("session_over"), { tone: "warning", seconds: 20 });
});

document.documentElement.dataset.ready = "";
