// An input that opens the camera: shows what was taken in the element with id data-preview. The original stays untouched; it may be evidence.
export default function camera(input) {
  let url = null;
  const show = () => {
    const image = document.getElementById(input.dataset.preview || "");
    const file = input.files[0];
    if (url) URL.revokeObjectURL(url);
    url = null;
    if (!image) return;
    image.hidden = !file;
    if (file) image.src = url = URL.createObjectURL(file);
  };
  input.addEventListener("change", show);
  return () => { input.removeEventListener("change", show); if (url) URL.revokeObjectURL(url); };
}
