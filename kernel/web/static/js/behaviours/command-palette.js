// Search and commands: what the page itself offers at once, records and views from the server while typing.
import { make, icon, debounce, listeners } from "../dom.js";
import { t } from "../text.js";
import { send, withQuery } from "../request.js";

export default function commandPalette(button) {
  const { on, off } = listeners();
  let dialog = null, controller = null, options = [], index = 0;

  // Places in the rail and buttons with data-command are commands everywhere.
  function local(query) {
    const words = query.toLowerCase();
    const places = [...document.querySelectorAll(".rail-item, [data-command]")].map((element) => ({
      label: (element.dataset.command || element.querySelector(".rail-text")?.textContent || element.textContent).trim(),
      href: element.getAttribute("href"), element, icon: element.querySelector("use")?.getAttribute("href")?.split("#")[1] || "arrow-right",
    }));
    const items = places.filter((place) => !words || place.label.toLowerCase().includes(words)).slice(0, words ? 5 : 8);
    return items.length ? [{ label: t("go_to"), items }] : [];
  }

  function choose(to) {
    options.forEach((option, i) => option.element.setAttribute("aria-selected", String(i === to)));
    index = to;
    options[to]?.element.scrollIntoView({ block: "nearest" });
    dialog.querySelector("input").setAttribute("aria-activedescendant", options[to]?.element.id || "");
  }
  function act(option) {
    if (!option) return;
    dialog.close();
    if (option.item.element && !option.item.href) option.item.element.click();
    else if (option.item.href) location.assign(option.item.href);
  }
  function show(groups, query) {
    const results = dialog.querySelector("[role=listbox]");
    results.textContent = "";
    options = [];
    for (const group of groups) {
      if (!group.items.length) continue;
      const labelId = `palette-g${options.length}`;
      const box = make("div", { role: "group", "aria-labelledby": labelId }, make("div", { class: "menu-label", id: labelId }, group.label));
      for (const item of group.items) {
        const element = make("div", { role: "option", id: `palette-${options.length}`, "aria-selected": "false" }, icon(item.icon || "file"),
          make("span", { class: "truncate grow" }, item.label), item.note ? make("span", { class: "meta" }, item.note) : null);
        const option = { item, element };
        element.addEventListener("click", () => act(option));
        element.addEventListener("pointermove", () => { if (options[index] !== option) choose(options.indexOf(option)); });
        options.push(option);
        box.append(element);
      }
      results.append(box);
    }
    if (!options.length) results.append(make("p", { class: "muted" }, query ? t("search_none", { q: query }) : t("search_hint")));
    choose(0);
  }
  const remote = debounce(async (query) => {
    controller?.abort();
    controller = new AbortController();
    try {
      const answer = await send(withQuery(button.dataset.searchUrl, { q: query }), { signal: controller.signal });
      if (dialog?.isConnected) show([...(answer.groups || []), ...local(query)], query);
    } catch (error) {
      if (error.name !== "AbortError") show(local(query), query);
    }
  }, 150);

  function open() {
    if (dialog?.open) return;
    const input = make("input", { type: "text", enterkeyhint: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-label": t("search"), placeholder: t("search"), autocomplete: "off", spellcheck: "false" });
    dialog = make("dialog", { class: "dialog palette-dialog", "aria-label": t("search") },
      make("div", { class: "palette-input" }, icon("search"), input, make("button", { type: "button", class: "icon-btn", "aria-label": t("close"), onclick: () => dialog.close() }, icon("x"))),
      make("div", { class: "palette-results", role: "listbox", id: "palette-list", "aria-label": t("search") }));
    input.addEventListener("input", () => {
      const query = input.value.trim();
      if (!query) { remote.cancel(); show(local(""), ""); } else { remote(query); }
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (options.length) choose((index + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
      } else if (event.key === "Enter") { event.preventDefault(); act(options[index]); }
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { controller?.abort(); remote.cancel(); dialog.remove(); });
    document.body.append(dialog);
    dialog.showModal();
    show(local(""), "");
    input.focus();
  }
  on(button, "click", open);
  on(document, "palette:open", open);
  return () => { off(); dialog?.remove(); };
}
