// A "show more" link that is pressed by coming near. Without script or when it fails it stays a link.
export default function infiniteScroll(link) {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    link.click();
  }, { rootMargin: "400px" });
  watcher.observe(link);
  return () => watcher.disconnect();
}
