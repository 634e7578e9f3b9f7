// Roomy or compact rows.
import { keepChoice } from "../preference.js";
export default (element) => keepChoice(element, "density");
