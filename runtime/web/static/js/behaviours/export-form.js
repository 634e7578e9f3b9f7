// The file comes as a download: the page stays, and the dialog has done its part.
import { listeners } from "../dom.js";
import { toast } from "../toast.js";
import { t } from "../text.js";

export default function exportForm(form) {
  const { on, off } = listeners();
  on(form, "submit", () => {
    if (form.hasAttribute("data-leaves")) return;
    setTimeout(() => { form.closest("dialog")?.close(); toast(t("exporting"), { tone: "info" }); }, 0);
  });
  return off;
}
