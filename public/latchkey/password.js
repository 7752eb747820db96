(() => {
  const all = (what) => document.querySelectorAll(what);
  const show = (button, shown) => {
    button.parentElement.querySelector("input").type = shown ? "text" : "password";
    button.ariaPressed = shown;
  };

  for (const button of all("[data-show]")) {
    button.hidden = false;
    button.onclick = () => show(button, button.ariaPressed !== "true");
  }

  // Password managers expect a password field, and the back button must not show the password.
  const hide = () => {
    for (const button of all("[data-show]")) show(button, false);
  };
  addEventListener("submit", hide, true);
  addEventListener("pagehide", hide);

  for (const hint of all("[data-length]")) {
    const { minLength, strongLength, missing, enough, strong } = JSON.parse(hint.dataset.length);
    const field = hint.closest(".field").querySelector("input");
    const update = () => {
      // Counted as the server does.
      const length = [...field.value.normalize("NFKC")].length;
      const left = minLength - length;
      if (left > 0) hint.textContent = length ? missing[left - 1] : "";
      else hint.textContent = length < strongLength ? enough : strong;
    };
    let pause;
    // After a pause, because screen readers announce every update.
    field.oninput = () => {
      clearTimeout(pause);
      pause = setTimeout(update, 400);
    };
  }
})();
