// Runs in every page before the page's own scripts: when did the reader act, and when was the answer painted?
// All times are those of performance.now(): ms since the navigation started.
(() => {
  const clock = { first: null, press: null, release: null, picture: null, numbers: null };
  window.benchmarkClock = clock;

  // What is set now is on the screen when the frame after the next begins.
  const painted = (set) => requestAnimationFrame(() => requestAnimationFrame(() => set(performance.now())));
  const pictures = () => [...document.querySelectorAll(
    ".hl-dashboard .hl-picture img, .hl-dashboard img.hl-picture")];

  const waitForFirst = () => {
    if (pictures().some((img) => img.complete && img.naturalWidth)) {
      painted((time) => { clock.first = time; });
    } else {
      requestAnimationFrame(waitForFirst);
    }
  };
  requestAnimationFrame(waitForFirst);

  // A slider takes its new value as the key goes down: the clock starts there, not at the release.
  addEventListener("keydown", (event) => {
    Object.assign(clock, { press: event.timeStamp, release: null, picture: null, numbers: null });
  }, true);
  addEventListener("keyup", (event) => { clock.release = event.timeStamp; }, true);

  const paintedAfterPress = (name) => {
    const press = clock.press;
    if (press !== null) painted((time) => { if (clock.press === press) clock[name] = time; });
  };

  // The picture that answers the slider is the second of its dashboard and the only one of the bare page.
  document.addEventListener("load", (event) => {
    const own = document.activeElement?.closest(".hl-dashboard") ?? document;
    const [first, second] = pictures().filter((img) => own.contains(img));
    if (event.target === (second ?? first)) paintedAfterPress("picture");
  }, true);

  // Numbers may come one after the other: the last one counts. Those under small panels are not the answer.
  const holdsNumbers = ({ target, addedNodes }) =>
    (target.parentElement ?? document.body).closest(".hl-dashboard") &&
    [target, ...addedNodes].some((node) => {
      const element = node instanceof Element ? node : node.parentElement;
      if (element?.closest("[class*='hl-panel-']")) return false;
      return element?.closest(".hl-numbers") || (node !== target && element?.querySelector(".hl-numbers"));
    });
  new MutationObserver((mutations) => {
    if (mutations.some(holdsNumbers)) paintedAfterPress("numbers");
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
