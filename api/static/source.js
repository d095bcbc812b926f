// The page of a source: scrolled to what is cited, with a link to it to be copied.

document.getElementById("cited")?.scrollIntoView({ block: "center" });

document.getElementById("copy-link")?.addEventListener("click", async () => {
  const said = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = "Copied.";
  } catch {
    said.textContent = `Copy it from here: ${location.href}`;
  }
});
