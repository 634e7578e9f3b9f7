// On every page: a device that somebody let ring goes on ringing after a new sign-in. Never asks.
import { renew } from "../push.js";

export default function () {
  // Never in the way of the page.
  const later = setTimeout(() => renew().catch(() => {}), 2000);
  return () => clearTimeout(later);
}
