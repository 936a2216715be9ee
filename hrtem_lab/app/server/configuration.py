"""How the notebooks are served: one configuration for the local dashboard and for any Jupyter server."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from hrtem_lab.app.chapters import navigation

TEMPLATE_NAME = "hrtem_lab"
#: A Jupyter data directory: as an entry of ``JUPYTER_PATH`` it makes the page template known to Voilà.
TEMPLATE_ROOT = Path(__file__).parent / "template"
TEMPLATE_DIR = TEMPLATE_ROOT / "voila" / "templates" / TEMPLATE_NAME

#: Seconds until a kernel without an open page is ended, and between two checks.
CULL_IDLE_TIMEOUT = 90
CULL_INTERVAL = 15

#: Seconds between two pings to a page, and until a page that does not answer counts as gone: a laptop that
#: loses its network cannot close the page. With the two settings above, a kernel outlives its page by at most
#: 150 s.
PING_INTERVAL = 10
PING_TIMEOUT = 20

#: Largest request and message in bytes: pages send only a password and the values of widgets.
MAX_BODY = 64 * 1024
MAX_MESSAGE = 10 * 1024 * 1024

#: The only JupyterLab extensions that a dashboard loads; every other one would make each page slower.
LAB_EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]

_CONTENT_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-inline' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'self'",
}

_VOILA_PY = """\
# Written by `python -m hrtem_lab.app install`.
from hrtem_lab.app.server.configuration import voila_settings

c.VoilaConfiguration.update(voila_settings())  # noqa: F821
"""


def give_page_an_xsrf_cookie(handler: Any, notebook: Any, cwd: str) -> None:
    """Give the page the token with which it may end its own kernel when its tab closes.

    When Voilà's page unloads, it asks the server to end the kernel and sends the ``_xsrf`` cookie. Voilà does
    not set this cookie, so the server would refuse. Reading the token of the request sets it.

    Parameters
    ----------
    handler : tornado.web.RequestHandler
        The request for a page, before anything is sent.
    notebook, cwd : object
        Passed by Voilà, not used.
    """
    _ = handler.xsrf_token


def use_bundled_mathjax(page_config: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Let the page typeset equations with the MathJax that comes with Voilà, so that no network is needed.

    Parameters
    ----------
    page_config : dict
        The configuration that Voilà passes to its front end; it is changed in place.

    Returns
    -------
    dict
        The same dictionary, with neither an address nor a configuration for another MathJax.

    Examples
    --------
    >>> use_bundled_mathjax({"fullMathjaxUrl": "https://cdn.example/mathjax.js", "mathjaxConfig": "TeX"})
    {'fullMathjaxUrl': None, 'mathjaxConfig': None}
    """
    page_config.update(fullMathjaxUrl=None, mathjaxConfig=None)
    return page_config


def voila_settings() -> dict[str, Any]:
    """Return the section ``VoilaConfiguration``, the same for every way of serving.

    Returns
    -------
    dict
        Settings by name. Readers cannot choose template or theme in the address: with an unknown template
        the page would wait forever. No file beside the notebooks is served. The template receives
        tracebacks, and prints only their last line.

    Examples
    --------
    >>> voila_settings()["allow_template_override"]
    'NO'
    """
    return {
        "template": TEMPLATE_NAME,
        "theme": "light",
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "strip_sources": True,
        "file_allowlist": [],
        "show_tracebacks": True,
        "extension_allowlist": LAB_EXTENSIONS,
        "prelaunch_hook": give_page_an_xsrf_cookie,
        "page_config_hook": use_bundled_mathjax,
        "resources": {"chapters": navigation()},
    }


def preheating_settings(*, pool_size: int) -> dict[str, Any]:
    """Return the additional settings for a pool of waiting kernels that have already run their chapter.

    Parameters
    ----------
    pool_size : int
        Kernels that wait for readers, per notebook; 0 for none.

    Returns
    -------
    dict
        Settings by name. Voilà allows no hook before the launch of a pooled kernel, so a server with a pool
        sets the page's cookie itself.

    Examples
    --------
    >>> preheating_settings(pool_size=2)
    {'preheat_kernel': True, 'default_pool_size': 2, 'prelaunch_hook': None}
    >>> preheating_settings(pool_size=0)
    {}
    """
    if not pool_size:
        return {}
    return {"preheat_kernel": True, "default_pool_size": pool_size, "prelaunch_hook": None}


def tornado_settings() -> dict[str, Any]:
    """Return the settings of the web server: when a silent page counts as gone, and how much a page may send.

    Returns
    -------
    dict
        Settings by name; Jupyter takes the times in milliseconds.

    Examples
    --------
    >>> tornado_settings()["ws_ping_timeout"]
    20000
    """
    return {
        "ws_ping_interval": 1000 * PING_INTERVAL,
        "ws_ping_timeout": 1000 * PING_TIMEOUT,
        "websocket_max_message_size": MAX_MESSAGE,
    }


def security_headers() -> dict[str, str]:
    """Return the headers of every answer of the course's own servers.

    Returns
    -------
    dict
        Headers by name. A page may load from its own server only, connect to it only, and be framed by it
        only. It tells its address to no other server. Voilà streams scripts inside the page, and the
        scripts of pictures come from Python as blobs, so both must be allowed.

    Examples
    --------
    >>> "connect-src 'self'" in security_headers()["Content-Security-Policy"]
    True
    """
    return {
        "Content-Security-Policy": "; ".join(f"{what} {where}" for what, where in _CONTENT_SOURCES.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def culling_settings(
    *, idle_timeout: int = CULL_IDLE_TIMEOUT, interval: int = CULL_INTERVAL
) -> dict[str, int | bool]:
    """Return the section ``MappingKernelManager``: a kernel is ended when it has no open page any more.

    Parameters
    ----------
    idle_timeout : int
        Seconds without a message after which a kernel without a connected page is ended.
    interval : int
        Seconds between two checks; a kernel ends after at most ``idle_timeout + interval``.

    Returns
    -------
    dict
        Settings by name.

    Examples
    --------
    >>> culling_settings()
    {'cull_idle_timeout': 90, 'cull_interval': 15, 'cull_connected': False}
    """
    return {"cull_idle_timeout": idle_timeout, "cull_interval": interval, "cull_connected": False}


def install(prefix: Path | None = None) -> list[Path]:
    """Install the template and the configuration for every Jupyter server of an environment.

    A server such as Binder's then renders the chapters under ``/voila/render/…`` like the local dashboard.

    Parameters
    ----------
    prefix : Path, optional
        Root of the environment; the running one by default.

    Returns
    -------
    list of Path
        The written paths: the template's directory, ``voila.py`` and ``jupyter_server_config.json``. Other
        settings in the last file are kept.
    """
    prefix = Path(sys.prefix) if prefix is None else prefix
    template = prefix / "share" / "jupyter" / "voila" / "templates" / TEMPLATE_NAME
    shutil.copytree(TEMPLATE_DIR, template, dirs_exist_ok=True)
    etc = prefix / "etc" / "jupyter"
    etc.mkdir(parents=True, exist_ok=True)
    voila_py = etc / "voila.py"
    voila_py.write_text(_VOILA_PY, encoding="utf-8")
    server_json = etc / "jupyter_server_config.json"
    settings = json.loads(server_json.read_text(encoding="utf-8")) if server_json.exists() else {}
    settings.setdefault("MappingKernelManager", {}).update(culling_settings())
    server_json.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    return [template, voila_py, server_json]
