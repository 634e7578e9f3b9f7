// Light, dark or as the device. With data-url (or the page's preferences address) it is kept for the person, otherwise for this device.
import { keepChoice } from "../preference.js";
export default (element) => keepChoice(element, "theme");
