// The card "Let this phone ring": shows what is true here, asks the browser only after a press.
import { announce } from "../announce.js";
import { base, send } from "../request.js";
import { toast } from "../toast.js";
import { beQuiet, letRing, state } from "../push.js";

export default function (card) {
  const once = card.dataset.pushCard === "once";

  async function show() {
    const now = await state();
    for (const part of card.querySelectorAll("[data-push-state]")) {
      part.hidden = !part.dataset.pushState.split(" ").includes(now);
    }
    // On "My day" only where it can be answered.
    card.hidden = once && !["off", "install"].includes(now);
    card.dataset.pushNow = now;
  }

  async function pressed(event) {
    const act = event.target.closest("[data-push-act]")?.dataset.pushAct;
    if (!act) return;
    try {
      if (act === "on" && (await letRing()) === "on") announce(card.dataset.pushDone);
      if (act === "off") await beQuiet();
      if (act === "later") {
        card.hidden = true;
        await send(`${base()}/push/later`, { method: "POST", data: {} });
        return;
      }
      if (act === "try") toast((await send(`${base()}/push/try`, { method: "POST", data: {} })).message);
    } catch (error) {
      toast(error.message, { tone: "breach" });
    }
    await show();
  }

  card.addEventListener("click", pressed);
  show();
  return () => card.removeEventListener("click", pressed);
}
