// Words that came with the page: shown once as a message.
import { toast } from "../toast.js";

export default function say(element) {
  toast(element.dataset.text, { tone: element.dataset.tone || "ontime" });
  const url = new URL(location.href);
  if (url.searchParams.has("done")) { url.searchParams.delete("done"); history.replaceState(history.state, "", url); }
  element.remove();
}
