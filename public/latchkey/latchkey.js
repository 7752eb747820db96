(() => {
  const all = (of) => document.querySelectorAll(of);
  const { session, hidePath, recheck } = all("[data-session]")[0]?.dataset || {};
  const here = location.pathname + location.search;
  const reload = () => (hidePath ? location.replace(here) : location.reload());

  const post = (event) => {
    const { target: form, submitter } = event;
    // In development React is active and would send the form again.
    event.stopPropagation();
    if (form.dataset.pending) return event.preventDefault();
    form.dataset.pending = true;
    if (submitter) submitter.ariaDisabled = true;
  };
  addEventListener("submit", post, true);

  if (hidePath) {
    // Actions post to the page's URL, which changes below.
    for (const to of ["action", "formaction"])
      for (const one of all(`[${to}='']`)) one.setAttribute(to, here);
    history.replaceState(null, "", hidePath);
  }

  // In Unicode the ten digits of a script are adjacent.
  const toDigit = (char) => {
    const before = String.fromCodePoint(char.codePointAt() - 1);
    return /\p{Nd}/u.test(before) ? toDigit(before) + 1 : 0;
  };
  const tidy = ({ target: field, isComposing }) => {
    if (isComposing || !field.matches("[data-code]")) return;
    const digits = field.value.normalize("NFKC").replace(/\P{Nd}/gu, "");
    const code = digits.replace(/./gu, toDigit).slice(0, 6);
    if (field.value !== code) field.value = code;
    if (code[5] && !field.form.elements.password) field.form.querySelector("[type=submit]").click();
  };
  oninput = tidy;
  addEventListener("compositionend", tidy);

  // One checkbox in two forms.
  onchange = ({ target: { name, checked } }) => {
    for (const box of all(`[name=${name}]`)) box.checked = checked;
  };

  for (const button of all("[data-countdown]")) {
    const label = button.querySelector("[data-left]");
    const { textContent } = label;
    // Timers stand still while a phone shows another app. The server judges a press.
    const end = Date.now() + button.dataset.countdown * 1000;
    const tick = () => {
      const s = Math.ceil((end - Date.now()) / 1000);
      const time = `${(s / 60) | 0}:${`${s % 60}`.padStart(2, 0)}`;
      label.textContent = s > 0 ? label.dataset.left.replace("{left}", time) : textContent;
      button.ariaDisabled = s > 0 || null;
      if (s > 0) setTimeout(tick, 1000);
    };
    tick();
  }

  // The server shows times in this zone.
  const secure = location.protocol === "https:";
  document.cookie = `${secure ? "__Host-" : "latchkey-"}time-zone=${
    Intl.DateTimeFormat().resolvedOptions().timeZone
  };path=/;max-age=15552000;samesite=lax${secure ? ";secure" : ""}`;

  if (session != null) {
    const tabs = new BroadcastChannel("latchkey");
    tabs.onmessage = ({ data }) => data === session || reload();
    // After a reload, or two tabs would reload each other forever.
    if (performance.getEntriesByType("navigation")[0].type !== "reload") tabs.postMessage(session);
  }

  const check = async () => {
    const how = { redirect: "manual", headers: { "x-latchkey-check": 1 } };
    if (!(await fetch(here, how)).status) reload();
  };
  if (recheck) document.onvisibilitychange = () => document.hidden || check();

  // The back button must not show a page of an ended session.
  onpagehide = () => (document.documentElement.hidden = session);
  onpageshow = ({ persisted }) => {
    if (!persisted) return;
    if (session) return reload();
    for (const held of all("form, button")) {
      delete held.dataset.pending;
      held.ariaDisabled = null;
    }
    check();
  };
})();
