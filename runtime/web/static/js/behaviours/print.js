// Prints the page.
export default function print(button) {
  const act = () => window.print();
  button.addEventListener("click", act);
  return () => button.removeEventListener("click", act);
}
