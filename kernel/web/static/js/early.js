// Runs before the first paint, so that a stored choice does not flash: folded rail, theme and row height of this device.
(function () {
  var root = document.documentElement;
  try {
    if (localStorage.getItem("fy-rail") === "folded") root.dataset.rail = "folded";
    var theme = localStorage.getItem("fy-theme");
    if (theme === "light" || theme === "dark" || theme === "system") root.dataset.theme = theme;
    var density = localStorage.getItem("fy-density");
    if (density === "comfortable" || density === "compact") root.dataset.density = density;
  } catch (error) {
    // Storage may be closed to us (private mode); the server's values hold then.
  }
})();
