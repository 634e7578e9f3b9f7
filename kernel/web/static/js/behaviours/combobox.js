// A select that searches while typing; with data-url the options stay on the server, so that 5,000 of them cost nothing.
import "../../vendor/tom-select.complete.min.js";
import { make } from "../dom.js";
import { send, withQuery } from "../request.js";
import { t } from "../text.js";
import { changed } from "../fields.js";

// In long tables of rows a box is only made when it comes near: a thousand of them at once would hold up the page for seconds.
export default function combobox(select) {
  if (!select.closest(".child-rows")) return upgrade(select);
  let destroy = null;
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    destroy = upgrade(select);
  }, { rootMargin: "200px" });
  watcher.observe(select.parentElement || select);
  return () => { watcher.disconnect(); destroy?.(); };
}

function upgrade(select) {
  const { url, placeholder, createUrl, createLabel, maxItems } = select.dataset;
  const depends = (select.dataset.depends || "").split(",").map((id) => document.getElementById(id.trim())).filter(Boolean);
  const label = document.getElementById(`${select.id}-label`);
  let controller = null;

  const settings = {
    placeholder: placeholder || "",
    maxOptions: 100,
    maxItems: select.multiple ? Number(maxItems) || null : 1,
    hideSelected: select.multiple,
    closeAfterSelect: !select.multiple,
    selectOnTab: true,
    openOnFocus: true,
    valueField: "value", labelField: "text", searchField: url ? [] : ["text", "note"],
    sortField: [{ field: "$order" }, { field: "$score" }],
    plugins: { ...(select.multiple ? { remove_button: { title: t("combo_remove", { label: "" }).trim(), label: "×" } } : { clear_button: { title: t("combo_clear"), html: (data) => `<button type="button" tabindex="-1" class="${data.className}" aria-label="${data.title}">×</button>` } }) },
    render: {
      // escape() comes from the library; what the server sends is text, never markup.
      option: (data, escape) => `<div>${escape(data.text)}${data.note ? `<span class="option-note">${escape(data.note)}</span>` : ""}</div>`,
      item: (data, escape) => `<div>${escape(data.text)}</div>`,
      no_results: () => make("div", { class: "no-results" }, t("combo_none")),
      loading: () => make("div", { class: "combo-hint" }, t("combo_loading")),
      not_loading: () => null,
      option_create: (data) => make("div", { class: "create" }, createLabel || "", " ", data.input ? t("combo_create", { q: data.input }) : ""),
    },
    onChange: () => changed(select),
  };
  if (url) {
    settings.preload = "focus";
    settings.shouldLoad = () => true;
    settings.loadThrottle = 200;
    settings.load = (query, done) => {
      controller?.abort();
      controller = new AbortController();
      const parameters = { q: query };
      for (const other of depends) parameters[other.name || other.id] = other.value;
      send(withQuery(url, parameters), { signal: controller.signal })
        .then((answer) => {
          const { options = [] } = answer;
          // What the last search found and this one didn't must not linger in the list.
          const keep = new Set([].concat(box.items));
          for (const value of Object.keys(box.options)) if (!keep.has(value)) box.removeOption(value, true);
          done(options.map((option) => ({ ...option, value: String(option.value) })));
        })
        .catch((error) => { if (error.name !== "AbortError") done(); });
    };
    // The server has searched already.
    settings.score = () => () => 1;
  }
  if (createUrl) {
    settings.createFilter = () => true;
    settings.create = (input, done) => {
      done();
      select.dataset.awaiting = "";
      window.htmx?.ajax("GET", withQuery(createUrl, { name: input, for: select.id }), { target: "#dialog-root", swap: "innerHTML" });
    };
  }
  const box = new window.TomSelect(select, settings);
  select.setAttribute("aria-hidden", "true"); // the search field speaks for it
  if (label) box.control_input.setAttribute("aria-labelledby", label.id);
  box.control_input.setAttribute("aria-describedby", select.getAttribute("aria-describedby") || "");

  // The dialog that was opened here answers with the new record.
  const created = (event) => {
    if (!("awaiting" in select.dataset) || !event.detail?.id) return;
    delete select.dataset.awaiting;
    box.addOption({ value: String(event.detail.id), text: event.detail.text });
    box.addItem(String(event.detail.id));
    box.focus();
  };
  const cascade = () => { box.clear(); box.clearOptions(); if (url) box.loadedSearches = {}; box.settings.preload && (box.wrapper.classList.remove("preloaded")); };
  document.addEventListener("record-created", created);
  for (const other of depends) other.addEventListener("change", cascade);
  return () => {
    document.removeEventListener("record-created", created);
    for (const other of depends) other.removeEventListener("change", cascade);
    controller?.abort();
    if (select.tomselect) box.destroy();
  };
}
