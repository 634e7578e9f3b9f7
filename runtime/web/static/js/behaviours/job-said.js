// What an act on many records came to, with the way back; said once: a reload of the page does not say it again.
import { send } from "../request.js";
import { toast } from "../toast.js";
import { t } from "../text.js";

export default async function jobSaid(element) {
  const url = new URL(location.href);
  const job = url.searchParams.get("job");
  if (!/^[0-9]{1,15}$/.test(job || "")) return;
  url.searchParams.delete("job");
  history.replaceState(history.state, "", url.pathname + url.search);
  const { base } = element.dataset;
  const { text, tone, undo, dialog } = await send(`${base}/jobs/${job}/said`);
  if (dialog) await window.htmx.ajax("GET", dialog, { target: "#dialog-root", swap: "innerHTML" });
  toast(text, {
    tone,
    seconds: 10,
    undo: undo && (async () => {
      try {
        const { job: back } = await send(undo, { method: "POST" });
        url.searchParams.set("job", back);
        location.assign(url.pathname + url.search);
      } catch (error) {
        toast(error.message || t("failed"), { tone: "warning" });
      }
    }),
  });
}
