// A chosen text file is shown in the text area it belongs to, so that it can be read and mended before it is sent.
import { listeners } from "../dom.js";

export default function designFile(input) {
  const { on, off } = listeners();
  on(input, "change", async () => {
    const file = input.files[0];
    const target = document.getElementById(input.dataset.target);
    if (!file || !target) return;
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      return; // the server says that it is no text
    }
    target.value = text.replace(/^\uFEFF/, "");
    input.value = "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.focus();
  });
  return off;
}
