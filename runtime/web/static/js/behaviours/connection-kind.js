// The form of a new connection: what only robots need shows when a robot is chosen.

export default function (form) {
  const parts = { "[data-needs-key]": "takesKey", "[data-needs-robot]": "robot" };

  function follow() {
    const chosen = form.querySelector("input[name=kind]:checked");
    for (const [selector, mark] of Object.entries(parts)) {
      for (const part of form.querySelectorAll(selector)) {
        part.hidden = !chosen || !(mark in chosen.dataset);
      }
    }
  }

  form.addEventListener("change", follow);
  follow();
  return () => form.removeEventListener("change", follow);
}
