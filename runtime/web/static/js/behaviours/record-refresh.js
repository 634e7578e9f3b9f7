// Something that belongs to this record was made in place: what it lacks, its path and its related records are others now.
import { listeners } from "../dom.js";

export default function recordRefresh() {
  const { on, off } = listeners();
  // A combobox that asked for the new record takes it itself; reloading would lose what is being edited.
  on(document, "record-created", () => { if (!document.querySelector("[data-awaiting], .field-row-edit")) setTimeout(() => location.reload(), 300); });
  return off;
}
