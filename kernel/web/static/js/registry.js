// Binds behaviours to elements: data-behaviour="menu copy" loads behaviours/menu.js and behaviours/copy.js when the first element asks.
// A MutationObserver covers htmx swaps and everything else that changes the page; a behaviour's destroy runs when its element leaves.

const bound = new WeakMap(); // element -> Map(name -> destroy)
const modules = new Map(); // name -> Promise(default export)
const NAME = /^[a-z][a-z-]*$/;
let pending = 0; // behaviours on their way; <html data-behaviours="ready"> says that there are none (tests and screenshots wait for it)

function count(by) {
  pending += by;
  document.documentElement.dataset.behaviours = pending ? "loading" : "ready";
}

function load(name) {
  if (!modules.has(name)) {
    modules.set(name, import(`./behaviours/${name}.js`).then((module) => module.default));
  }
  return modules.get(name);
}

function bind(element) {
  const names = (element.dataset.behaviour || "").split(/\s+/).filter((name) => NAME.test(name));
  const present = bound.get(element) || new Map();
  bound.set(element, present);
  for (const name of names) {
    if (present.has(name)) continue;
    present.set(name, null);
    count(1);
    load(name)
      .then((start) => {
        // The element may have gone while the module was on its way.
        if (!element.isConnected) return void present.delete(name);
        present.set(name, start(element) || (() => {}));
        element.dispatchEvent(new CustomEvent("behaviour:ready", { bubbles: true, detail: { name } }));
      })
      .catch((error) => {
        present.delete(name);
        console.error(`behaviour ${name}:`, error);
      })
      .finally(() => count(-1));
  }
}

function unbind(element) {
  const present = bound.get(element);
  if (!present) return;
  bound.delete(element);
  for (const destroy of present.values()) if (destroy) destroy();
}

function each(node, act) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  if (node.dataset && node.dataset.behaviour) act(node);
  for (const element of node.querySelectorAll("[data-behaviour]")) act(element);
}

export function start(root = document.documentElement) {
  count(0);
  each(root, bind);
  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "attributes") {
        bind(record.target);
        continue;
      }
      // Moved elements (drag and drop, dialogs) are still connected: they keep their behaviour.
      for (const node of record.removedNodes) if (!node.isConnected) each(node, unbind);
      for (const node of record.addedNodes) if (node.isConnected) each(node, bind);
    }
  }).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-behaviour"] });
}
