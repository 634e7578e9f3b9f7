// Groups of a list: rows come when a group is open and near, and what is closed stays closed for this person.
import { listeners } from "../dom.js";
import { csrfToken } from "../request.js";
import { t } from "../text.js";
import { toast } from "../toast.js";

export default function listGroups(root) {
  const { on, off } = listeners();
  const groups = [...root.querySelectorAll("tbody.group")];
  const body = (group) => group.nextElementSibling;

  async function load(group) {
    const place = body(group);
    if (place.dataset.loaded) return;
    place.dataset.loaded = "1";
    try {
      const response = await fetch(group.dataset.groupUrl, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (!response.ok) throw new Error();
      place.innerHTML = await response.text(); // our own template, as htmx would take it
      window.htmx?.process(place);
    } catch {
      delete place.dataset.loaded;
      toast(t("failed"), { tone: "warning" });
    }
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting && entry.target.hasAttribute("data-group-open")) load(entry.target);
  }, { rootMargin: "300px" });

  function show(group, open) {
    group.toggleAttribute("data-group-open", open);
    group.querySelector(".group-toggle").setAttribute("aria-expanded", String(open));
    body(group).hidden = !open;
  }
  for (const group of groups) { show(group, group.hasAttribute("data-group-open")); watcher.observe(group); }
  on(root, "click", (event) => {
    const button = event.target.closest(".group-toggle");
    if (!button) return;
    const group = button.closest("tbody.group"), open = !group.hasAttribute("data-group-open");
    // With Alt all groups follow.
    for (const one of event.altKey ? groups : [group]) {
      show(one, open);
      if (open && (one === group || groups.length < 20)) load(one);
      const data = new FormData();
      data.set("value", one.dataset.groupValue);
      data.set("open", open ? "1" : "0");
      fetch(root.dataset.groupsUrl, { method: "POST", body: data, headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch" }, keepalive: true }).catch(() => {});
    }
  });
  return () => { off(); watcher.disconnect(); };
}
