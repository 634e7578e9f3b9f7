// A section stays as the reader left it, on this device. data-key names it.
export default function rememberOpen(details) {
  const key = `fy-open:${details.dataset.key}`;
  try {
    const stored = localStorage.getItem(key);
    if (stored) details.open = stored === "1";
  } catch { return undefined; }
  const keep = () => { try { localStorage.setItem(key, details.open ? "1" : "0"); } catch { /* nothing to keep it in */ } };
  details.addEventListener("toggle", keep);
  return () => details.removeEventListener("toggle", keep);
}
