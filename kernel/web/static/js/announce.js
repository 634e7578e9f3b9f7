// Tells screen readers what changed. Polite by default; assertive only for a breach.
export function announce(text, assertive = false) {
  const region = document.getElementById(assertive ? "live-assertive" : "live-polite");
  if (!region) return;
  // The same words twice are only read again when the region was empty in between.
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}
