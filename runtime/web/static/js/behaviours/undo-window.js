// The way back stays for data-seconds, longer while it has the pointer or the focus; then it goes with the words beside it.
import { listeners } from "../dom.js";

export default function undoWindow(form) {
  const { on, off } = listeners();
  const length = Number(form.dataset.seconds || 10) * 1000;
  let timer = 0;
  const wait = () => { clearTimeout(timer); timer = setTimeout(leave, length); };
  const hold = () => clearTimeout(timer);
  function leave() {
    if (form.matches(":hover") || form.contains(document.activeElement)) { wait(); return; }
    form.parentElement?.querySelector(".saved")?.remove();
    form.remove();
  }
  on(form, "pointerenter", hold); on(form, "pointerleave", wait);
  on(form, "focusin", hold); on(form, "focusout", wait);
  wait();
  return () => { clearTimeout(timer); off(); };
}
