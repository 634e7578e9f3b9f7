// Two changes were put together: said once, a reload of the page does not say it again.
export default function recordMerged() {
  const url = new URL(location.href);
  url.searchParams.delete("merged");
  history.replaceState(history.state, "", url.pathname + url.search + url.hash);
}
