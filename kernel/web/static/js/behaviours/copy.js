// Copies data-text, or the text of the element with id data-target.
import { toast } from "../toast.js";
import { t } from "../text.js";

export default function copy(button) {
  const act = async () => {
    const target = button.dataset.target && document.getElementById(button.dataset.target);
    const text = button.dataset.text ?? target?.value ?? target?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard on plain http: select the text in a field that is there for a moment.
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "sr-only";
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    toast(t("copied"), { tone: "ontime", seconds: 3 });
  };
  button.addEventListener("click", act);
  return () => button.removeEventListener("click", act);
}
