// The pages work without this. It sends no form twice, and warns before a session ends unused.

const WARN_S = 120;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
});

// A page that the browser kept may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

const idle = document.getElementById("idle");
if (idle) {
  const limit = Number(idle.dataset.idle) * 1000;
  let began = Date.now();

  const look = () => {
    const left = began + limit - Date.now();
    if (left <= 0) {
      clearInterval(looking);
      location.assign(location.href); // to the sign-in page, which says why
    } else if (left <= WARN_S * 1000 && !idle.open) {
      idle.showModal();
    }
  };

  idle.addEventListener("close", async () => {
    const body = new URLSearchParams(new FormData(idle.querySelector("form")));
    const answer = await fetch(idle.dataset.stay, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer && answer.status === 204) {
      began = Date.now();
    } else {
      look();
    }
  });

  const looking = setInterval(look, 5000);
}
