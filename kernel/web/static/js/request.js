// fetch with our habits: same origin, CSRF token, JSON in and out, errors as Error with .status and .data.
export const csrfToken = () => document.body.dataset.csrf || "";
export const base = () => document.body.dataset.base || "";

export async function send(url, { method = "GET", data, form, signal, keepalive = false } = {}) {
  const headers = { Accept: "application/json", "X-Requested-With": "fetch" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  let body;
  if (form) body = form;
  else if (data !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(data);
  }
  const response = await fetch(url, { method, headers, body, signal, keepalive, credentials: "same-origin" });
  const json = (response.headers.get("Content-Type") || "").includes("json");
  const answer = json ? await response.json() : await response.text();
  if (!response.ok) {
    const message = json ? answer?.error?.message || answer?.message || answer?.problems?.[0]?.message || answer?.title : "";
    throw Object.assign(new Error(message || response.statusText), { status: response.status, data: answer });
  }
  return answer;
}

export const withQuery = (url, parameters) => {
  const target = new URL(url, location.href);
  for (const [key, value] of Object.entries(parameters)) target.searchParams.set(key, value);
  return target.pathname + target.search;
};
