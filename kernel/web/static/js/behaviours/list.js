// A list sticks its head to the page, unless its columns don't fit: then it scrolls inside itself, so that the page never does.
export default function list(root) {
  const table = root.querySelector("table");
  if (!table) return undefined;
  const fit = () => {
    root.classList.remove("is-wide");
    root.classList.toggle("is-wide", table.scrollWidth > root.clientWidth + 1);
  };
  const watcher = new ResizeObserver(fit);
  watcher.observe(root);
  watcher.observe(table); // columns may be drawn wider
  fit();
  return () => watcher.disconnect();
}
