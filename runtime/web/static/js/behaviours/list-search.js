// Quick search of a list: while typing, the list follows; the address keeps it, so that "back" brings it back. Without script the form is sent.
import { debounce, listeners } from "../dom.js";

export default function listSearch(form) {
  const { on, off } = listeners();
  const input = form.querySelector("input[type=search]");
  let asked = input.value;
  const go = debounce(() => {
    if (input.value === asked || !form.isConnected) return;
    asked = input.value;
    const parameters = new URLSearchParams(new FormData(form));
    if (!parameters.get("q")) parameters.delete("q");
    const url = `${form.getAttribute("action")}${parameters.size ? `?${parameters}` : ""}`;
    const at = input.selectionStart;
    history.replaceState(history.state, "", url);
    window.htmx.ajax("GET", url, { target: "#list", swap: "innerHTML" }).then(() => {
      const fresh = document.getElementById("list-q");
      if (fresh && document.activeElement === document.body) { fresh.focus(); fresh.setSelectionRange(at, at); }
    });
  }, 250);
  on(input, "input", (event) => { if (!event.isComposing) go(); });
  on(input, "compositionend", go);
  on(form, "submit", (event) => { event.preventDefault(); go.now(); });
  return () => { off(); go.cancel(); };
}
