/* The page shell: says in words what the page is waiting for, and notices when Python or the server is gone.

   Voilà streams the page while the notebook runs and calls voila_process after every cell, voila_heartbeat
   when a cell takes long and voila_finish at the end; its front end then publishes window.jupyterapp. */
(() => {
  "use strict";

  const SECOND = 1000;
  const SLOW = 60 * SECOND; // without any progress: offer to reload
  const GRACE = 2 * SECOND; // a connection may blink that long before it is looked into
  const PROBE = 3 * SECOND; // between two looks at a server that does answer

  const LOST = {
    python: "Python behind this page has stopped, so its controls no longer answer. Reload to start it again.",
    server: "The server behind this page cannot be reached, so its controls do not answer. Start it again if it was stopped, then reload.",
    connection: "The connection to Python was lost, so the controls of this page do not answer. Reload to start again.",
    loading: "The server stopped before this page was complete. Reload to try again.",
    slow: "This page is taking unusually long. You can go on waiting, or reload to try again.",
  };

  const state = { streamed: false, drawn: false, kernel: null, shown: null };
  const element = (id) => document.getElementById(id);

  // --- stages -------------------------------------------------------------------------------------------

  let slowTimer = setTimeout(() => show("slow"), SLOW);

  function stage(text) {
    const words = element("shell-stage");
    if (words) words.textContent = text;
    clearTimeout(slowTimer);
    slowTimer = setTimeout(() => show("slow"), SLOW);
    if (state.shown === "slow") hide();
  }

  function drawn() {
    state.drawn = true;
    clearTimeout(slowTimer);
    if (state.shown === "slow") hide();
    element("loading")?.remove();
    document.body.classList.add("shell-ready");
    land(opened);
  }

  window.voila_process = (index, count) => {
    if (index < count) stage(`Running cell ${index + 1} of ${count}…`);
  };
  window.update_loading_text = (index, count, text) => stage(text ?? `Running cell ${index} of ${count}…`);
  window.voila_heartbeat = () => element("loading")?.classList.add("shell-long");
  // Called at the end of the stream, and again by the front end once its theme is there.
  window.voila_finish = window.display_cells = () => {
    state.streamed = true;
    window.cellLoaded = true;
    if (!state.drawn) stage("Drawing…");
    if (window.themeLoaded) element("rendered_cells").style.display = "";
  };

  // --- banner -------------------------------------------------------------------------------------------

  function show(reason) {
    const final = ["python", "loading"].includes(state.shown);
    const banner = element("shell-banner");
    if (!banner || final || state.shown === reason) return;
    state.shown = reason;
    banner.dataset.reason = reason;
    banner.querySelector("p").textContent = LOST[reason];
    banner.querySelector("button").onclick = () => window.location.reload(); // the address keeps its query
    banner.hidden = false;
    document.body.classList.toggle("shell-lost", reason !== "slow");
    if (reason !== "slow") element("loading")?.remove();
  }

  function hide() {
    state.shown = null;
    element("shell-banner").hidden = true;
    document.body.classList.remove("shell-lost");
  }

  // --- the kernel and the server ------------------------------------------------------------------------

  async function probe(kernel) {
    if (kernel.connectionStatus === "connected") return;
    const base = document.body.dataset.baseUrl.replace(/voila\/$/, "");
    try {
      const answer = await fetch(`${base}api/kernels/${kernel.id}`, { cache: "no-store" });
      if (answer.status === 404) return show("python");
      if (kernel.connectionStatus === "disconnected") return show("connection");
    } catch {
      show("server");
    }
    setTimeout(() => probe(kernel), PROBE);
  }

  function watch(kernel) {
    state.kernel = kernel;
    kernel.statusChanged.connect((_, status) => {
      // A kernel that restarts comes back empty: no control on this page is connected to anything in it.
      if (["dead", "restarting", "autorestarting"].includes(status)) show("python");
    });
    // A kernel that is ended in good order keeps the status "idle" and the connection: only its last word tells.
    kernel.iopubMessage.connect((_, message) => {
      if (message.header.msg_type === "shutdown_reply") show("python");
    });
    kernel.connectionStatusChanged.connect((_, status) => {
      if (status === "connected" && ["server", "connection"].includes(state.shown)) hide();
      if (status !== "connected") setTimeout(() => probe(kernel), GRACE);
    });
    // Voilà lets go of the kernel when the page is about to be left; a download or a refused dialog keeps it.
    kernel.disposed.connect(() => setTimeout(() => show("python"), GRACE));
    if (kernel.connectionStatus !== "connected") setTimeout(() => probe(kernel), 5 * GRACE);
  }

  function waitForDrawing() {
    const kernel = window.jupyterapp?.widgetManager?.kernel;
    if (kernel && !state.kernel) watch(kernel);
    const waiting = document.querySelector('script[type="application/vnd.voila.cell-output+json"]');
    if (window.jupyterapp && !waiting) return drawn();
    setTimeout(waitForDrawing, 50);
  }

  // While the page is being streamed, the server sends at least a heartbeat: if it is gone, nothing else tells.
  async function checkStream() {
    if (state.streamed) return;
    try {
      await fetch(document.querySelector("link[rel=icon]").href, { cache: "no-store" });
      setTimeout(checkStream, PROBE);
    } catch {
      if (!state.streamed) show("loading");
    }
  }

  setTimeout(checkStream, PROBE);
  window.addEventListener("load", () => {
    if (state.streamed) waitForDrawing();
    else show("loading");
  });
  // A page that comes back from the browser's memory has lost its kernel on the way out.
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());

  // --- where a link leads -------------------------------------------------------------------------------

  // The heading that the address names, or else the figure whose settings it has. The page is drawn long after
  // the browser has looked for the heading, and it still grows: the place is kept until the reader moves.
  const SETTLE = 4 * SECOND;
  const LOOKS = 30; // after which a setting that no figure has leads to the first, which says so
  const opened = { hash: window.location.hash, search: window.location.search };
  let stopKeeping = () => {};

  function heading(hash) {
    const name = hash.slice(1);
    const decoded = (() => { try { return decodeURIComponent(name); } catch { return name; } })();
    const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
    return element(name) ?? element(decoded)
      ?? [...document.querySelectorAll("#rendered_cells :is(h1, h2, h3, h4)[id]")]
        .find(({ id }) => plain(id) === plain(decoded));
  }

  function figure(search, late) {
    const dashboards = [...document.querySelectorAll(".hl-dashboard")];
    const keys = [...new URLSearchParams(search).keys()].filter((key) => !/^(voila-|utm_)/.test(key));
    const control = keys.map((key) => `.hl-control-${CSS.escape(key.trim().toLowerCase())}`);
    const set = dashboards.find((one) => control.some((name) => one.querySelector(name)));
    return keys.length ? set ?? (late ? dashboards[0] : undefined) : undefined;
  }

  function land({ hash, search }) {
    stopKeeping();
    if (hash.length < 2 && !search) return;
    let place = null;
    const show = () => place?.scrollIntoView({ block: "start", behavior: "instant" });
    const grown = new ResizeObserver(show);
    let looks = 0;
    const looking = setInterval(() => { // figures are drawn one after the other
      place = (hash.length > 1 && heading(hash)) || figure(search, (looks += 1) > LOOKS);
      if (!place) return;
      clearInterval(looking);
      if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
      place.classList.add("shell-place");
      place.focus({ preventScroll: true });
      show();
      grown.observe(element("rendered_cells"));
      setTimeout(stop, SETTLE);
    }, 50);
    const moves = ["wheel", "touchstart", "pointerdown", "keydown"];
    const stop = stopKeeping = () => {
      clearInterval(looking);
      grown.disconnect();
      for (const move of moves) window.removeEventListener(move, stop, true);
    };
    for (const move of moves) window.addEventListener(move, stop, true);
    setTimeout(() => place || stop(), SLOW);
  }

  // A link to this page with other settings sets them, and Python goes on. Back takes them back.
  let shown = window.location.search;
  function follow(search) {
    shown = search;
    document.dispatchEvent(new CustomEvent("hrtem-lab-follow", { detail: search }));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#rendered_cells a[href]");
    if (!link || event.defaultPrevented || event.button || link.target || link.hasAttribute("download")) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !state.drawn || state.shown) return;
    const { origin, pathname, search, hash } = new URL(link.href);
    if (origin !== window.location.origin || pathname !== window.location.pathname || !search) return;
    event.preventDefault();
    history.pushState(null, "", pathname + search + hash);
    follow(search);
    land({ search, hash });
  });
  window.addEventListener("popstate", () => {
    if (window.location.search !== shown) follow(window.location.search);
  });

  // What scrolls sideways in its own box must be reached by the keyboard to be read.
  function makeReachable() {
    for (const box of document.querySelectorAll("#rendered_cells :is(pre, table, .hl-scroll, mjx-container)")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1
        && /auto|scroll/.test(getComputedStyle(box).overflowX);
      if (scrolls && !box.hasAttribute("tabindex")) box.tabIndex = 0;
      else if (!scrolls && box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  }
  window.addEventListener("load", () => new ResizeObserver(makeReachable).observe(element("rendered_cells")));

  // --- links to documents -------------------------------------------------------------------------------

  // They open beside the chapter, whose Python goes on. Only the course's own servers show documents as pages;
  // on another one, Binder's for example, JupyterLab has the file. A copied notebook has them beside it.
  window.addEventListener("load", () => {
    const base = document.body.dataset.baseUrl;
    const served = document.querySelector("meta[name=hrtem-lab-documents]");
    const folder = served ? `${base}docs/` : base.replace(/voila\/$/, "lab/tree/docs/");
    for (const link of document.querySelectorAll('a[href^="../docs/"], a[href^="docs/"]')) {
      link.href = link.getAttribute("href").replace(/^(\.\.\/)?docs\//, folder);
      link.target = "_blank";
    }
  });
})();
