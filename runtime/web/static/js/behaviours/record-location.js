// "Use my location": the position of the device goes beside the address, with how exact it is. Never without a press.
import { listeners } from "../dom.js";
import { t } from "../text.js";
import { changed } from "../fields.js";

export default function recordLocation(root) {
  const { on, off } = listeners();
  const button = root.querySelector("[data-locate]"), note = root.querySelector("[data-location-note]");
  if (!button) return off;
  if (!navigator.geolocation) { button.hidden = true; return off; }
  on(button, "click", () => {
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      button.removeAttribute("aria-busy");
      root.querySelector("[data-latitude]").value = coords.latitude.toFixed(6);
      root.querySelector("[data-longitude]").value = coords.longitude.toFixed(6);
      root.querySelector("[data-accuracy]").value = Math.min(coords.accuracy, 9999999).toFixed(2);
      note.textContent = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)} (± ${Math.round(coords.accuracy)} m)`;
      changed(root);
    }, () => {
      button.removeAttribute("aria-busy");
      note.textContent = t("failed");
    }, { enableHighAccuracy: true, timeout: 15000 });
  });
  return off;
}
