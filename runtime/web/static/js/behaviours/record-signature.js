// A signature drawn by finger, pen or mouse. It is sent as a picture when the pen rests; the form carries its id.
import { debounce, listeners, make } from "../dom.js";
import { send } from "../request.js";
import { t } from "../text.js";
import { changed } from "../fields.js";

export default function recordSignature(root) {
  const { on, off } = listeners();
  const canvas = root.querySelector("canvas"), holder = root.querySelector("[data-signature-value]"), note = root.querySelector("[data-signature-note]");
  const paper = canvas.getContext("2d");
  let last = null, drawn = false;
  paper.lineWidth = 3;
  paper.lineCap = paper.lineJoin = "round";

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * (canvas.width / box.width), y: (event.clientY - box.top) * (canvas.height / box.height) };
  };
  const keep = debounce(async () => {
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const form = new FormData();
    form.set("file", blob, "signature.png");
    try {
      const answer = await send(root.dataset.url, { method: "POST", form });
      holder.replaceChildren(make("input", { type: "hidden", name: root.dataset.name, value: answer.id }));
      changed(root);
    } catch (error) {
      note.textContent = error.message || t("upload_failed");
    }
  }, 600);
  on(canvas, "pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    last = point(event);
    keep.cancel();
  });
  on(canvas, "pointermove", (event) => {
    if (!last) return;
    const next = point(event);
    paper.beginPath();
    paper.moveTo(last.x, last.y);
    paper.lineTo(next.x, next.y);
    // White paper in both themes: the picture is evidence and must read anywhere.
    paper.strokeStyle = "#1d2433";
    paper.stroke();
    last = next;
    drawn = true;
  });
  const rest = () => { if (last) { last = null; if (drawn) keep(); } };
  on(canvas, "pointerup", rest);
  on(canvas, "pointercancel", rest);
  on(root, "click", (event) => {
    if (!event.target.closest("[data-signature-clear]")) return;
    keep.cancel();
    paper.clearRect(0, 0, canvas.width, canvas.height);
    drawn = false;
    canvas.hidden = false;
    root.querySelector("[data-signature-image]")?.remove();
    holder.replaceChildren();
    changed(root);
  });
  return () => { off(); keep.cancel(); };
}
