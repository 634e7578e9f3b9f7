// A task led here: the field in question is in sight, opened and marked; once it is supplied the way leads back.
// data-at: the field; data-check: where to ask whether it is supplied.
import { listeners } from "../dom.js";
import { focusField } from "../fields.js";

export default function askHere(banner) {
  const { on, off } = listeners();
  const at = banner.dataset.at;
  const field = () => (at ? document.querySelector(`#v-${CSS.escape(at)}, [data-field="${CSS.escape(at)}"]`) : null);
  const mark = () => {
    const wrapper = field();
    if (!wrapper) return;
    wrapper.classList.add("is-asked");
    if (wrapper.matches("form") || wrapper.closest("form[data-form]")) focusField(wrapper);
    else wrapper.scrollIntoView({ block: "center" });
  };
  let asking = false;
  const check = async () => {
    if (asking || !banner.isConnected) return;
    asking = true;
    try {
      const response = await fetch(banner.dataset.check, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      const target = response.headers.get("HX-Redirect");
      if (target) location.assign(target);
    } finally { asking = false; }
  };
  on(document, "htmx:after:swap", () => setTimeout(() => { if (field()?.matches("form.field-row-edit:not(.is-asked)")) mark(); }));
  // Saved here (a value in place, a step, a dialog), or by a colleague who was asked as well.
  on(document, "htmx:after:request", (event) => {
    const ctx = event.detail?.ctx, method = (ctx?.request?.method || "").toUpperCase();
    if (method === "POST" && ctx.response?.status < 400) setTimeout(check, 50);
  });
  on(document.body, "live:record", check);
  on(document.body, "live:inbox", check);
  requestAnimationFrame(mark);
  return off;
}
