// What just happened, with a way back; said once: a reload of the page does not say it again.
import { send } from "../request.js";
import { toast } from "../toast.js";
import { t } from "../text.js";

export default function listNotice(element) {
  const { text, undo } = element.dataset;
  const url = new URL(location.href);
  for (const name of ["deleted", "also", "gone"]) url.searchParams.delete(name);
  history.replaceState(history.state, "", url.pathname + url.search);
  toast(text, {
    tone: "ontime",
    seconds: 10,
    undo: async () => {
      try {
        const answer = await send(undo, { method: "POST" });
        answer?.href ? location.assign(answer.href) : location.reload();
      } catch (error) {
        toast(error.message || t("failed"), { tone: "warning" });
      }
    },
  });
}
