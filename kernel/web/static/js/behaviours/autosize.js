// A text field that grows with its text, up to half the window.
export default function autosize(area) {
  const fit = () => {
    area.style.height = "auto";
    if (area.scrollHeight) area.style.height = `${Math.min(area.scrollHeight + 2, innerHeight / 2)}px`;
  };
  area.addEventListener("input", fit);
  fit();
  return () => area.removeEventListener("input", fit);
}
