// Words come from the server in the reader's language (kernel/web/texts.py); scripts know keys only.
let texts = null;

export function t(key, slots = {}) {
  if (!texts) {
    const block = document.getElementById("ui-texts");
    texts = block ? JSON.parse(block.textContent) : {};
  }
  const pattern = texts[key] ?? key;
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => (name in slots ? String(slots[name]) : whole));
}

export const language = () => document.documentElement.lang || "en";
