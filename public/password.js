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

  // Neither a password manager nor the page one comes back to finds it in plain text.
  const hide = () => {
    for (const button of all("[data-show]")) show(button, false);
  };
  addEventListener("submit", hide, true);
  addEventListener("pagehide", hide);

  for (const said of all("[data-length]")) {
    const { minLength, strongLength, missing, enough, strong } = JSON.parse(said.dataset.length);
    const field = said.closest(".field").querySelector("input");
    const say = () => {
      // Counted as the server does.
      const length = [...field.value.normalize("NFKC")].length;
      const left = minLength - length;
      if (left > 0) said.textContent = length ? missing[left - 1] : "";
      else said.textContent = length < strongLength ? enough : strong;
    };
    let pause;
    // Said when the fingers rest: each key would be read out.
    field.oninput = () => {
      clearTimeout(pause);
      pause = setTimeout(say, 400);
    };
  }
})();
