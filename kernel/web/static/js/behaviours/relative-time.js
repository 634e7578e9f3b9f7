// "5 min ago" near, the date further away, everything exact on hover.
import { relative, absolute } from "../time.js";

export default function relativeTime(element) {
  const date = new Date(element.dateTime || element.getAttribute("datetime"));
  if (Number.isNaN(date.getTime())) return undefined;
  element.title = absolute(date);
  const show = () => { if (element.dataset.style !== "date") element.textContent = relative(date); };
  show();
  const timer = setInterval(show, 60000);
  return () => clearInterval(timer);
}
